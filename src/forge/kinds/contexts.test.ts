import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextCharactersMax, contextOf } from './contexts.ts';

describe('contextOf', () => {
  const subject = { applicationName: 'CI', definition: 'build' };

  it('tells pull requests and refs apart, by the scope that is set', () => {
    const pull = { ...subject, pullRequest: 12 };
    const push = { ...subject, ref: 'refs/heads/release/1' };
    assert.equal(contextOf(pull, 'full'), 'CI / build / #12');
    assert.equal(contextOf(push, 'full'), 'CI / build / release/1');
    assert.equal(contextOf({ ...subject, ref: 'refs/tags/v1' }, 'full'), 'CI / build / v1');
    assert.equal(contextOf(pull, 'event'), 'CI / build / pull_request');
    assert.equal(contextOf(push, 'event'), 'CI / build / push');
    assert.equal(contextOf(push, 'none'), 'CI / build');
  });

  it('leaves out what is empty', () => {
    assert.equal(contextOf({ applicationName: '', definition: 'build', pullRequest: 1 }, 'full'), 'build / #1');
    assert.equal(contextOf({ applicationName: 'CI' }, 'full'), 'CI');
  });

  it('cuts long ones so that they stay apart', () => {
    const long = (tail: string): string =>
      contextOf({ ...subject, ref: `refs/heads/${'x'.repeat(300)}${tail}` }, 'full');
    assert.equal(long('a').length, contextCharactersMax);
    assert.notEqual(long('a'), long('b'));
    assert.equal(long('a'), long('a'));
  });
});
