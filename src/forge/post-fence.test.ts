import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryHost } from '../../test/support/git-hosts/memory-forge.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { FetchLike } from '../net/outgoing-fetch.ts';
import { ForgeError, type StatusReport } from './forge.ts';
import { fencedFetch, fencedForge } from './post-fence.ts';

class Gate {
  open = true;
  readonly end: AbortController = new AbortController();
  get signal(): AbortSignal {
    return this.end.signal;
  }
  isOpen(): boolean {
    return this.open;
  }
}

const isHeldBack = (thrown: unknown): boolean => thrown instanceof ForgeError && thrown.problem === 'unavailable';

describe('fencedFetch', () => {
  it('lets reads through always, and the rest only while the fence is open', async () => {
    const sent: string[] = [];
    const host: FetchLike = (input, init) => {
      const { method, url } = new Request(input, init);
      sent.push(`${method} ${url}`);
      return Promise.resolve(new Response('{}'));
    };
    const gate = new Gate();
    const guarded = fencedFetch(host, gate);
    await guarded('https://host.test/a', { method: 'POST' });
    gate.open = false;
    await guarded('https://host.test/b');
    await guarded(new Request('https://host.test/c'));
    await assert.rejects(guarded('https://host.test/d', { method: 'post' }), isHeldBack);
    await assert.rejects(guarded(new Request('https://host.test/e', { method: 'PATCH' })), isHeldBack);
    await assert.rejects(guarded(new Request('https://host.test/f'), { method: 'DELETE' }), isHeldBack);
    assert.deepEqual(sent, ['POST https://host.test/a', 'GET https://host.test/b', 'GET https://host.test/c']);
  });

  it('aborts what has no answer yet when the fence closes for good, and heeds the signal of the caller', async () => {
    const never: FetchLike = (_input, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      });
    const gate = new Gate();
    const guarded = fencedFetch(never, gate);
    const caller = new AbortController();
    const asked = guarded('https://host.test/', { method: 'PUT', signal: caller.signal });
    caller.abort();
    await assert.rejects(asked, /aborted/);
    const late = guarded('https://host.test/', { method: 'PUT' });
    gate.end.abort();
    await assert.rejects(late, /aborted/);
  });
});

describe('fencedForge', () => {
  it('shows nothing while the fence is closed, and reads all the same', async () => {
    const clock = new VirtualClock();
    const host = new MemoryHost({ clock });
    const answered = async <T>(call: Promise<T>): Promise<T> => {
      await clock.advance(1_000);
      return call;
    };
    const access = { kind: 'git', webUrl: 'file:///r', credential: { type: 'none' } } as const;
    const gate = new Gate();
    const forge = fencedForge(host.directory().open(access), gate);
    const project = { url: 'file:///r', owner: '', name: 'r' };
    const target = { project, sha: 'a'.repeat(40), context: 'CI' };
    const report: StatusReport = {
      ...target,
      externalId: 'x',
      state: 'running',
      title: 't',
      text: '',
      annotations: [],
    };
    assert.equal((await answered(forge.postStatus(report, undefined))).ok, true);
    gate.open = false;
    await assert.rejects(forge.postStatus({ ...report, state: 'failed' }, undefined), isHeldBack);
    const comment = { project, pullRequest: 1, marker: 'm', body: 'b' };
    await assert.rejects(forge.putComment(comment), isHeldBack);
    assert.equal((await answered(forge.readStatus(target, undefined)))?.state, 'running');
    assert.equal(forge.hostState('failed'), 'failed');
    assert.deepEqual([host.states('CI'), host.comments.size], [['running'], 0]);
  });
});
