import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentFixture, isolationsHere, statusOf } from '../testing/agent-fixture.ts';
import type { ContainerExit } from '../runtime/container-runtime.ts';
import { memoryKillsOfMachine, noteKills } from './kill-note.ts';

/** What the log says of a container that ended with `exitCode`, while the count of kills went through `counts`. */
async function noteOf(
  exitCode: number,
  counts: readonly (number | undefined)[],
  signals: readonly ('SIGTERM' | 'SIGKILL')[] = [],
): Promise<string> {
  const { promise: exited, resolve: end } = Promise.withResolvers<ContainerExit>();
  const sent: string[] = [];
  const inner = { id: 'x', exited, signal: (name: string) => void sent.push(name), execute: () => Promise.resolve(0) };
  let log = '';
  const left = [...counts];
  const output = { write: (_stream: string, chunk: Uint8Array): void => void (log += new TextDecoder().decode(chunk)) };
  const container = noteKills(inner, { output }, () => left.shift());
  for (const signal of signals) container.signal(signal);
  end({ exitCode });
  assert.deepEqual(await container.exited, { exitCode });
  assert.deepEqual(sent, signals);
  return log;
}

describe('the note about a kill', () => {
  it('says what the kernel counted, and claims no more', async () => {
    const start = 'penstock: ended with 137, the code of SIGKILL: not sent by Penstock';
    assert.equal(
      await noteOf(137, [4, 5]),
      `${start}; the kernel's OOM killer ended a process of this machine meanwhile and is a likely cause\n`,
    );
    assert.match(await noteOf(137, [4, 7]), /ended 3 processes of this machine/);
    assert.equal(await noteOf(137, [4, 4]), `${start}, nor did the kernel's OOM killer end a process meanwhile\n`);
    assert.equal(await noteOf(137, []), `${start}; the kernel's OOM killer is a likely cause\n`);
  });

  it('is not made when Penstock has sent the signal, nor of any other end', async () => {
    assert.equal(await noteOf(137, [4, 5], ['SIGTERM', 'SIGKILL']), '');
    assert.equal(await noteOf(0, [4, 5]), '');
    assert.equal(await noteOf(143, [4, 5], ['SIGTERM']), '');
    assert.notEqual(await noteOf(137, [4, 5], ['SIGTERM']), '');
  });

  it('takes its count from the kernel, where there is one', () => {
    const count = memoryKillsOfMachine();
    assert.ok(count === undefined || Number.isInteger(count));
  });
});

for (const { label, isolation, skip } of await isolationsHere()) {
  describe(`a step that is killed, ${label}`, { skip }, () => {
    it('has the note at the end of its log, and no reason that nobody has seen', async () => {
      const counts = [1, 2];
      // Kubernetes takes two dollars for one.
      await using fixture = await AgentFixture.start(isolation, { process: { memoryKills: () => counts.shift() } });
      const containers = [{ name: 'step', command: ['/bin/sh', '-c', 'echo begun; kill -9 $$$$'] }];
      fixture.cluster.createPod('killed', { containers });
      const pod = await fixture.cluster.finished('killed');
      const { exitCode, reason } = statusOf(pod, 'step')?.state?.terminated ?? {};
      assert.deepEqual([exitCode, reason], [137, 'Error']);
      assert.match(
        await fixture.log(pod, 'step'),
        /^begun\n(?:Killed\n)?penstock: ended with 137, .* and is a likely cause\n$/,
      );
    });
  });
}
