/** An agent that is killed: its steps end, with it or by its successor, and their pods are reported lost. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { processesGone, processesWith } from '../../../test/support/processes.ts';
import { AgentFixture, isolationsHere, plainIsolation } from '../testing/agent-fixture.ts';
import { endLeftover } from './pid-file.ts';
import type { Isolation } from './isolation.ts';

const program = join(import.meta.dirname, '../testing/agent-process.ts');
const directories: string[] = [];
after(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })));

/** Starts an agent in a process of its own that runs a stubborn, double-forked pod, and kills it with SIGKILL. */
async function killedAgent(isolation: Isolation, mark: string) {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-killed-'));
  directories.push(directory);
  const loop = `sh -c 'trap "" TERM HUP; while :; do sleep 0.05; done' ${mark}`;
  const script = `(setsid ${loop} > /dev/null 2>&1 &); echo ready; ${loop}`;
  const spec = { containers: [{ name: 'step', command: ['/bin/sh', '-c', script] }] };
  const agent = spawn(process.execPath, [program, JSON.stringify({ directory, isolation, spec })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(agent.stdout, 'data');
  assert.notEqual(processesWith(mark).length, 0);
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  return { directory, spec };
}

for (const { label, isolation, skip } of await isolationsHere()) {
  describe(`an agent that is killed while steps run ${label}`, { skip }, () => {
    it('leaves no process behind, and its successor reports the pod lost', async () => {
      const mark = `killed-${process.pid}-${label.length}`;
      const { directory, spec } = await killedAgent(isolation, mark);
      // Plain processes outlive their agent: ending them is the successor's work.
      if (isolation.kind === 'none') assert.notEqual(processesWith(mark).length, 0);
      else await processesGone(mark);
      await using fixture = new AgentFixture(isolation, { directory });
      fixture.cluster.createPod('victim', spec, { uid: 'victim' });
      await fixture.agent.start();
      await processesGone(mark);
      const pod = await fixture.cluster.finished('victim');
      assert.deepEqual([pod.status?.phase, pod.status?.reason], ['Failed', 'PenstockRestarted']);
    });
  });
}

describe('a pid file', () => {
  it('does not kill a process that has come to use the same pid', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'penstock-pid-'));
    directories.push(directory);
    const innocent = spawn('sleep', ['60'], { detached: true });
    await once(innocent, 'spawn');
    mkdirSync(join(directory, 'c'));
    writeFileSync(join(directory, 'c', 'pid'), `${innocent.pid} 12345`);
    endLeftover(join(directory, 'c'), { marked: true });
    innocent.kill('SIGTERM');
    const [, signal] = (await once(innocent, 'exit')) as [number | null, string];
    assert.equal(signal, 'SIGTERM');
  });
});

describe('many pods of real processes', () => {
  it('all end, at most maxPods at a time', async () => {
    await using fixture = await AgentFixture.start(plainIsolation, { maxPods: 20 });
    const names = Array.from({ length: 200 }, (_, index) => `p${index}`);
    for (const name of names) {
      fixture.cluster.createPod(name, { containers: [{ name: 'step', command: ['/bin/echo', name] }] });
    }
    for (const name of names) {
      const pod = await fixture.cluster.finished(name);
      assert.equal(pod.status?.phase, 'Succeeded');
      assert.equal(await fixture.log(pod), `${name}\n`);
    }
  });
});
