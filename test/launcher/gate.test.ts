/** `penstock serve`, `penstock gate` and `penstock queue` as a person types them: processes, TLS, the kubeconfig on disk. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/system-clock.ts';
import { createClient } from '../../src/client/client.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import { gates } from '../../src/gate/types.ts';
import { createHttpTransport } from '../../src/net/http-transport.ts';
import { pipelineRuns } from '../../src/tekton/types.ts';

const launcher = new URL('../../bin/penstock.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'penstock-gate-'));
const kubeconfig = join(folder, 'penstock-data', 'kubeconfig');
/** No KUBECONFIG and no home: only the folder tells where the server is. */
const environment = { PATH: process.env['PATH'] ?? '', HOME: join(folder, 'home') };

/** Types `words` after `penstock` in the folder where the server was started. */
async function type(...words: readonly string[]): Promise<{ code: number; output: string; errors: string }> {
  try {
    const run = promisify(execFile);
    const { stdout, stderr } = await run(process.execPath, [launcher, ...words], { cwd: folder, env: environment });
    return { code: 0, output: stdout, errors: stderr };
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string };
    return { code, output: stdout, errors: stderr };
  }
}

describe('penstock gate, through the launcher', () => {
  let server: ChildProcess;

  before(async () => {
    const words = [launcher, 'serve', '--port', '0', '--runtime', 'process'];
    const child = spawn(process.execPath, words, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    server = child;
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('kubectl')) break;
  });

  after(async () => {
    server.kill('SIGTERM');
    await once(server, 'exit');
    const gone = await type('queue');
    rmSync(folder, { recursive: true });
    assert.deepEqual([gone.code, gone.output], [2, '']);
    assert.match(gone.errors, /^error: no kubeconfig: there is no penstock-data\/kubeconfig/);
  });

  it('finds the server in this folder, shows the queue and starts a run', async () => {
    assert.deepEqual(await type('queue'), { code: 0, output: 'no run waits\n', errors: '' });
    const access = readKubeconfig({ text: readFileSync(kubeconfig, 'utf8'), file: kubeconfig, readFile: () => '' });
    using transport = createHttpTransport({ ...access, clock: systemClock });
    const client = createClient(transport);
    const spec = { maxRunning: 1, paused: true };
    await client.create(gates, {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Gate',
      metadata: { name: 'default' },
      spec,
    });
    await admissionKnows('default', client);
    const queue = await type('queue', '-o', 'json');
    const row = JSON.parse(queue.output) as Record<string, unknown>;
    assert.deepEqual([row['name'], row['position'], row['reason']], ['waits', 1, 'gate "default" is paused']);
    const started = await type('gate', 'start', 'waits', '--kubeconfig', kubeconfig);
    assert.equal(
      started.output,
      'default/waits starts now, whatever the limits; it counts in gate "default" all the same\n',
    );
    assert.equal((await client.get(pipelineRuns, { namespace: 'default', name: 'waits' })).spec.status, undefined);
    assert.match((await type('gate', 'list')).output, /default .* the gate is paused\n$/);
    const metrics = await transport({ method: 'GET', path: '/metrics', query: {}, headers: {} });
    assert.equal(metrics.status, 200);
    assert.match(metrics.body.kind === 'text' ? metrics.body.text : '', /^penstock_reconcile_total{controller="gate"/m);
  });

  it('says what is wrong with a kubeconfig, and where nobody answers', async () => {
    const missing = await type('gate', 'list', '--kubeconfig', 'nowhere');
    assert.deepEqual([missing.code, missing.output], [2, '']);
    assert.match(missing.errors, /^error: the kubeconfig \S*nowhere cannot be read: ENOENT/);
    const silent = join(folder, 'silent');
    const cluster = { name: 'c', cluster: { server: 'http://127.0.0.1:9' } };
    const context = { name: 'c', context: { cluster: 'c' } };
    writeFileSync(silent, JSON.stringify({ clusters: [cluster], contexts: [context], 'current-context': 'c' }));
    const refused = await type('queue', '--kubeconfig', silent);
    assert.deepEqual([refused.code, refused.output], [2, '']);
    assert.match(
      refused.errors,
      /^error: no answer from http:\/\/127\.0\.0\.1:9: .*\n {2}start it with `penstock serve`/,
    );
  });

  /** Creates run `waits`, anew until the cache of admission knows the gate: then it is pending. */
  async function admissionKnows(gate: string, client: ReturnType<typeof createClient>): Promise<void> {
    const metadata = { namespace: 'default', name: 'waits' };
    const run = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec: { pipelineRef: { name: 'p' } } };
    for (;;) {
      const created = await client.create(pipelineRuns, run);
      if (created.metadata.annotations?.['penstock.dev/managed-gate'] === gate) return;
      await client.delete(pipelineRuns, metadata);
    }
  }
});
