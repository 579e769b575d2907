import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandsFor, isNamed } from './named.ts';
import { parseCommands } from './parse-commands.ts';

describe('isNamed', () => {
  it('takes a generateName with or without its hyphen', () => {
    assert.ok(isNamed('build-', 'build'));
    assert.ok(isNamed('build', 'build-'));
    assert.ok(isNamed('build', 'build'));
    assert.ok(!isNamed('build-', 'build-x'));
    assert.ok(!isNamed('build--', 'build'), 'one hyphen is not two');
  });
});

describe('commandsFor', () => {
  it('leaves out what is said to other definitions', () => {
    const { commands } = parseCommands('/test build x=1\n/test lint x=2\n/retest y=3');
    assert.deepEqual(
      commandsFor('build-', commands).map(({ args }) => args),
      [{ y: '3' }, { x: '1' }],
    );
  });
});
