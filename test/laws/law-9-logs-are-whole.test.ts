/** Law 9: a step's log is complete before its pod may go, and secrets are not in it. Real processes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Embedded, startEmbedded } from '../../src/app/embedded.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { ProcessRuntime } from '../../src/executor/process/process-runtime.ts';
import { ApiStatusError } from '../../src/kube/api-error.ts';
import { pods, secrets } from '../../src/kube/core-types.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { type TaskRun, type TaskSpec, taskRuns } from '../../src/tekton/types.ts';
import { shellSpec } from '../support/run-manifests.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;

const directory = mkdtempSync(join(tmpdir(), 'penstock-law-9-'));
const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
let embedded: Embedded;

before(async () => {
  mkdirSync(join(directory, 'runtime'));
  const runtime = new ProcessRuntime({ ...parts, directory: join(directory, 'runtime') });
  embedded = await startEmbedded({ ...parts, store: createMemoryStore(), runtime, directory });
});
after(async () => {
  await embedded.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function start(name: string, taskSpec: TaskSpec): Promise<void> {
  const metadata = { namespace: 'default', name };
  await embedded.client.create(taskRuns, {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata,
    spec: { taskSpec },
  });
}

async function whenOver(name: string): Promise<void> {
  const status = async (): Promise<TaskRun['status']> =>
    (await embedded.client.get(taskRuns, { namespace: 'default', name })).status;
  await waitUntil(`${name} is over`, async () => (await status())?.completionTime !== undefined, { seen: status });
}

/** The log of the step of a TaskRun, from its start: read now, or followed to its end. */
async function logOf(name: string, { follow }: { readonly follow: boolean }): Promise<string> {
  const chunks: Uint8Array[] = [];
  const key = { namespace: 'default', name: `${name}-pod` };
  const isRead = async (): Promise<boolean> => {
    try {
      for await (const chunk of embedded.client.podLog(key, { container: 'step-step', follow })) chunks.push(chunk);
      return true;
    } catch (thrown) {
      // There is no pod yet, or its step has not started.
      if (!(thrown instanceof ApiStatusError) || chunks.length > 0) throw thrown;
      return false;
    }
  };
  await waitUntil(`the log of ${name} can be read`, isRead);
  return Buffer.concat(chunks).toString('utf8');
}

const lines = 60_000;
const numbered = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join('');
const flood = `awk 'BEGIN { for (i = 1; i <= ${lines}; i++) print "line " i }'`;

describe('law 9: logs are whole', { timeout: hangsMs }, () => {
  it('a log is complete as soon as the verdict is there, and for who followed it', async () => {
    await start('flood', shellSpec(flood));
    const followed = logOf('flood', { follow: true });
    await whenOver('flood');
    assert.equal(await logOf('flood', { follow: false }), numbered);
    assert.equal(await followed, numbered);
  });

  it('who follows a log gets all of it even when the pod goes at its end', async () => {
    await start('gone', shellSpec(`${flood}; printf 'no end of line'`));
    const followed = logOf('gone', { follow: true });
    await whenOver('gone');
    await embedded.client.delete(pods, { namespace: 'default', name: 'gone-pod' }, { gracePeriodSeconds: 0 });
    assert.equal(await followed, `${numbered}no end of line`);
  });

  it('what a step writes after it was told to end is there, too', async () => {
    await start('told', shellSpec("trap 'echo told to end; exit 1' TERM; echo up; while :; do sleep 0.05; done"));
    const followed = logOf('told', { follow: true });
    await waitUntil('the step is up', async () => (await logOf('told', { follow: false })).includes('up'));
    const key = { namespace: 'default', name: 'told' };
    await embedded.client.patch(taskRuns, key, { spec: { status: 'TaskRunCancelled' } }, { type: 'merge' });
    await whenOver('told');
    // The shell may tell of its own child, which was told to end, too.
    assert.match(await followed, /^up\n(?:Terminated\n)?told to end\n$/);
  });

  it('secrets are masked, also when they come in pieces', async () => {
    const secret = 'a very secret word';
    await embedded.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'default', name: 'hidden' },
      data: { word: Buffer.from(secret).toString('base64') },
    });
    const script = 'echo "whole: $WORD"; printf "cut: %s" "${WORD%word}"; sleep 0.2; echo "word, and on"';
    const env = [{ name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } }];
    await start('masked', { steps: [{ name: 'step', image: 'busybox', script: `#!/bin/sh\n${script}\n`, env }] });
    await whenOver('masked');
    assert.equal(await logOf('masked', { follow: false }), 'whole: ***\ncut: ***, and on\n');
  });
});
