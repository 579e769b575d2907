/** `penstock logs` against a `penstock serve`: while a run goes on, and when nothing of it is left but its logs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { describe, it } from 'node:test';
import { systemRandom } from '../../src/base/system-random.ts';
import { createDirectoryStore } from '../../src/logs/directory/directory-store.ts';
import { LogArchive } from '../../src/logs/log-archive.ts';
import { taskRuns, type TaskRun } from '../../src/tekton/types.ts';
import { PenstockServer } from '../support/penstock-server.ts';
import { Workplace } from '../support/penstock-process.ts';

const script = (text: string) => ({ image: 'none', script: `#!/bin/sh\n${text}\n` });

function taskRun(name: string): TaskRun {
  const steps = [
    { name: 'greet', ...script('echo hello; echo "the word is $WORD"; sleep 1; printf bye'), env: [secretEnv] },
    { name: 'quiet', ...script('true') },
    { name: 'count', ...script('for i in 1 2 3; do echo $i; done') },
  ];
  const metadata = { namespace: 'default', name };
  return { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata, spec: { taskSpec: { steps } } };
}

const secretEnv = { name: 'WORD', valueFrom: { secretKeyRef: { name: 'word', key: 'word' } } };
const wanted = '[it : greet] hello\n[it : greet] the word is ***\n[it : greet] bye\n';
const counted = '[it : count] 1\n[it : count] 2\n[it : count] 3\n';

describe('penstock logs, through the launcher', () => {
  it('follows a run, and shows its logs when it is gone', async () => {
    await using workplace = new Workplace();
    await using server = await PenstockServer.start(workplace);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'word' }, stringData: { word: 'hunter22' } };
    await server.kubectl(['create', '-f', '-'], JSON.stringify(secret));
    await server.client.create(taskRuns, taskRun('it'));
    const words = ['logs', 'it', '--kubeconfig', `${server.directory}/kubeconfig`];
    const followed = await workplace.start([...words, '--follow']).ended;
    assert.deepEqual([followed.code, followed.stdout, followed.stderr], [0, wanted + counted, '']);
    for (const [flag, name, said] of [
      ['--task', 'nosuch', /^error: no task nosuch of default\/it has started\n {2}the tasks that have: it$/m],
      ['--step', 'nosuch', /^error: no step nosuch of default\/it has started\n {2}.*: greet, quiet, count$/m],
    ] as const) {
      const { code, stdout, stderr } = await workplace.run([...words, flag, name]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, said);
    }
    await server.client.delete(taskRuns, { namespace: 'default', name: 'it' });
    await server.kubectl(['wait', '--for=delete', 'pods', '--all', '--timeout=20s']);
    assert.equal((await server.kubectl(['get', 'pods', '-o', 'name'])).stdout, '');
    const later = await workplace.start([...words, '--step', 'count']).ended;
    assert.deepEqual([later.code, later.stdout, later.stderr], [0, counted, '']);
    const unknown = await workplace.start(['logs', 'other', ...words.slice(2)]).ended;
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /^error: there is no run default\/other, and no log of one is kept/);
  });

  it('keeps logs whole over HTTP, through the death of the controller that records them', async () => {
    await using workplace = new Workplace();
    const kept = workplace.path('kept');
    await using server = await PenstockServer.start(workplace, { flags: ['--controllers', 'none', '--logs', 'none'] });
    const words = ['controller', '--kubeconfig', `${server.directory}/kubeconfig`, '--leader-elect', 'false'];
    const first = workplace.start([...words, '--logs', kept]);
    await first.until(/^Penstock controls /m);
    const counting = 'i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); sleep 0.01; done; printf end';
    const steps = [{ name: 'count', ...script(counting) }];
    const metadata = { namespace: 'default', name: 'long' };
    await server.client.create(taskRuns, {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata,
      spec: { taskSpec: { steps } },
    });
    await server.whenLogged('long-pod', 'step-count', 'line 100');
    await first.kill();
    const second = workplace.start([...words, '--logs', kept, '--logs-port', '0']);
    await second.until(/^Its logs are at /m);
    const url = /^Its logs are at (\S+)$/m.exec(second.stdout)?.[1] ?? '';
    const path = '/apis/penstock.dev/v1alpha1/namespaces/default/taskruns/long/log';
    assert.equal(await statusOf(`${url}${path}`), 401);
    const ended = await server.kubectl(['wait', '--for=condition=Succeeded', 'taskrun/long', '--timeout=60s']);
    assert.equal(ended.code, 0, ended.stderr);
    await server.client.delete(taskRuns, metadata);
    await server.kubectl(['wait', '--for=delete', 'pods', '--all', '--timeout=30s']);
    const lines = Array.from({ length: 400 }, (_, index) => `line ${index}\n`);
    assert.equal(await storedLog(kept), `${lines.join('')}end`);
    second.signal('SIGTERM');
    assert.equal((await second.ended).code, 0);
  });
});

/** What a server says to who bears no token. */
async function statusOf(url: string): Promise<number | undefined> {
  const [response] = (await once(get(url, { rejectUnauthorized: false }), 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

/** The only log that is kept in `directory`. */
async function storedLog(directory: string): Promise<string> {
  const archive = new LogArchive(createDirectoryStore({ directory, random: systemRandom }));
  const [log] = await archive.logsOf('default', 'long');
  const chunks: Uint8Array[] = [];
  if (log) for await (const chunk of archive.read(log)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
