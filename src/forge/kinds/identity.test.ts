import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GitEvent } from '../git-event.ts';
import { eventIdentityOf, lineOf, runNameOf, scopeOf, seriesOf } from './identity.ts';

const identity = {
  repositoryUid: 'u-1',
  definition: 'build',
  scope: 'refs/heads/main',
  sha: 'a'.repeat(40),
  trigger: 'push',
  occurrence: '1',
  collision: 0,
} as const;

describe('runNameOf', () => {
  it('is the same for the same occurrence and another for anything else', () => {
    const name = runNameOf(identity);
    assert.match(name, /^build-[0-9a-f]{10}$/);
    assert.equal(runNameOf({ ...identity }), name);
    const others = [
      { repositoryUid: 'u-2' },
      { scope: 'pr-1' },
      { sha: 'b'.repeat(40) },
      { trigger: 'pull_request' as const },
      { occurrence: '2' },
      { collision: 1 },
    ].map((change) => runNameOf({ ...identity, ...change }));
    assert.equal(new Set([name, ...others]).size, 7);
  });

  it('makes a name of an object from any name of a definition', () => {
    assert.match(runNameOf({ ...identity, definition: 'Build_All.' }), /^build-all-[0-9a-f]{10}$/);
    assert.match(runNameOf({ ...identity, definition: 'pull-request-' }), /^pull-request-[0-9a-f]{10}$/);
    assert.match(runNameOf({ ...identity, definition: '…' }), /^run-[0-9a-f]{10}$/);
    assert.equal(runNameOf({ ...identity, definition: 'x'.repeat(200) }).length, 51);
  });
});

describe('series and line', () => {
  const of = { repository: 'ns/r', definition: 'build', scope: scopeOf({ pullRequest: 3 }), sha: 'a' };

  it('share a line over commits, and a series over attempts', () => {
    assert.equal(scopeOf({ ref: 'refs/heads/main' }), 'refs/heads/main');
    assert.equal(lineOf(of), lineOf({ ...of, scope: 'pr-3' }));
    assert.notEqual(seriesOf(of), seriesOf({ ...of, sha: 'b' }));
    assert.notEqual(lineOf(of), lineOf({ ...of, definition: 'test' }));
    assert.match(seriesOf(of), /^[0-9a-f]{32}$/);
  });
});

describe('eventIdentityOf', () => {
  const event: GitEvent = {
    trigger: 'push',
    forge: 'github',
    eventType: 'push',
    occurrence: '7',
    project: { url: 'https://github.com/o/r', owner: 'o', name: 'r' },
    actor: { login: 'a' },
    revision: { sha: 'a' },
    push: { ref: 'refs/heads/main' },
  };

  it('knows copies, and tells other events apart', () => {
    assert.equal(eventIdentityOf({ ...event, actor: { login: 'b' } }), eventIdentityOf(event));
    assert.notEqual(eventIdentityOf({ ...event, occurrence: '8' }), eventIdentityOf(event));
    assert.notEqual(eventIdentityOf({ ...event, push: { ref: 'refs/heads/x' } }), eventIdentityOf(event));
  });
});
