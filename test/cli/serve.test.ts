/** `penstock serve` as a person starts it, with kubectl as its client. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { namespaces } from '../../src/kube/core-types.ts';
import { createClient } from '../../src/client/client.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import { createHttpTransport } from '../../src/net/http-transport.ts';
import { noKubectl } from '../support/kubectl.ts';
import { Workplace } from '../support/penstock-process.ts';
import { PenstockServer } from '../support/penstock-server.ts';
import { processesGone, processesThere } from '../support/processes.ts';
import { documents, pipelineRun, shellTask } from '../support/run-manifests.ts';

/** Whoever takes so long waits for what will never come, on whatever machine; in ms. */
const hangsMs = 220_000;

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

describe('penstock serve', { timeout: hangsMs }, () => {
  let server: PenstockServer;
  before(async () => {
    server = await PenstockServer.start(workplace);
  });

  it('says how to reach it, once a kubeconfig is there that only its owner can read', () => {
    assert.match(server.process.stdout, /^Penstock listens on https:\/\/127\.0\.0\.1:\d+\n/);
    assert.ok(
      server.process.stdout.includes(`KUBECONFIG=${server.directory}/kubeconfig kubectl get pipelineruns -A\n`),
    );
    for (const name of ['kubeconfig', 'token', 'server.key', 'store.db']) {
      assert.equal(statSync(`${server.directory}/${name}`).mode & 0o777, 0o600, name);
    }
    assert.equal(statSync(server.directory).mode & 0o777, 0o700);
  });

  it('serves kubectl: apply, wait, get, logs', { skip: noKubectl }, async () => {
    const pipeline = {
      apiVersion: 'tekton.dev/v1',
      kind: 'Pipeline',
      metadata: { name: 'greet' },
      spec: {
        params: [{ name: 'who', type: 'string' }],
        tasks: [shellTask('say', 'echo "hello $(params.who)"'), shellTask('wave', 'echo waves', { runAfter: ['say'] })],
      },
    };
    const { spec: _spec, ...named } = pipelineRun('greet-1', []);
    const run = { ...named, spec: { pipelineRef: { name: 'greet' }, params: [{ name: 'who', value: 'kubectl' }] } };
    const empty = await server.kubectl(['get', 'pipelineruns', '-A']);
    assert.deepEqual([empty.code, empty.stderr], [0, 'No resources found\n']);
    const applied = await server.kubectl(['apply', '-f', '-'], documents(pipeline, run));
    assert.equal(applied.code, 0, applied.stderr);
    const waited = await server.kubectl(['wait', '--for=condition=Succeeded', 'pipelinerun/greet-1', '--timeout=90s']);
    assert.equal(waited.code, 0, waited.stderr);
    const listed = await server.kubectl(['get', 'pipelineruns', '-A']);
    assert.match(listed.stdout, /^NAMESPACE +NAME +SUCCEEDED +REASON .*\ndefault +greet-1 +True +Succeeded /);
    const logs = await server.kubectl(['logs', 'greet-1-say-pod']);
    assert.equal(logs.stdout, 'hello kubectl\n');
  });

  it('refuses what is wrong, as the API does', { skip: noKubectl }, async () => {
    const cycle = [shellTask('a', 'true', { runAfter: ['b'] }), shellTask('b', 'true', { runAfter: ['a'] })];
    const { code, stderr } = await server.kubectl(['create', '-f', '-'], documents(pipelineRun('wrong', cycle)));
    assert.equal(code, 1);
    assert.match(stderr, /a → b → a/);
  });

  it('refuses callers with a wrong token, and with none', async () => {
    const file = `${server.directory}/kubeconfig`;
    const { token: _token, ...access } = readKubeconfig({ text: readFileSync(file, 'utf8'), file, readFile: String });
    for (const token of ['wrong', undefined]) {
      const options = { ...access, clock: systemClock, ...(token === undefined ? {} : { token }) };
      using transport = createHttpTransport(options);
      await assert.rejects(createClient(transport).list(namespaces), { status: 401 });
    }
  });

  it('is refused the folder of a server that runs', async () => {
    const { code, stdout, stderr } = await workplace.run(['serve', '--port', '0', '--data', server.directory]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^error: the store .*store\.db is already open\n {2}Stop the other Penstock/m);
    assert.ok(existsSync(`${server.directory}/kubeconfig`), 'the kubeconfig of the other is left alone');
  });

  it('is refused a port that is taken', async () => {
    const port = /127\.0\.0\.1:(\d+)/.exec(server.process.stdout)?.[1] ?? '';
    const { code, stdout, stderr } = await workplace.run(['serve', '--port', port, '--data', 'other']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(
      stderr,
      /^error: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\n {2}choose another port with --port/m,
    );
    assert.ok(!existsSync(workplace.path('other/kubeconfig')));
  });

  it('ends when its second port is taken, or it cannot keep logs where it is told: nothing of it goes on', async () => {
    const port = /127\.0\.0\.1:(\d+)/.exec(server.process.stdout)?.[1] ?? '';
    const refused: readonly (readonly [RegExp, ...string[]])[] = [
      [
        /^error: cannot listen on 127\.0\.0\.1:\d+: .*\n {2}choose another port with --hooks-port/m,
        '--hooks-port',
        port,
      ],
      [/^error: logs cannot be kept in ftp:\/\/x\n {2}name a directory/m, '--logs', 'ftp://x'],
    ];
    for (const [pattern, ...flags] of refused) {
      // It would listen on, and never end, if what had started before were left as it is.
      const { code, stdout, stderr } = await workplace.run(['serve', '--port', '0', '--data', 'second', ...flags]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, pattern);
      assert.ok(!existsSync(workplace.path('second/kubeconfig')));
      assert.ok(!existsSync(workplace.path('second/store.db-wal')), 'its store is closed');
    }
  });

  it('ends with Ctrl-C: exit code 0, steps stopped, the kubeconfig gone', async () => {
    const mark = `served-${process.pid}`;
    const key = await server.accept(pipelineRun('long', [shellTask('t', `echo begun; sh -c 'sleep 600; :' ${mark}`)]));
    await server.whenLogged('long-t-pod', 'step-step', 'begun');
    await processesThere(mark);
    server.process.signal('SIGINT');
    const { code, stderr } = await server.process.ended;
    assert.equal(code, 0);
    assert.match(stderr, /^stopping$/m);
    await processesGone(mark);
    assert.ok(!existsSync(`${server.directory}/kubeconfig`));
    await using again = await PenstockServer.start(workplace);
    const ended = await again.whenOver(key);
    assert.equal(ended.status?.conditions?.[0]?.reason, 'EvidenceLost');
  });
});

describe('the data folder of penstock serve', { timeout: hangsMs }, () => {
  const serve = (data: string) => workplace.run(['serve', '--port', '0', '--data', data]);

  it('cannot be a file, or below one', async () => {
    workplace.write('file', 'x');
    for (const data of ['file', 'file/below']) {
      const { code, stderr } = await serve(data);
      assert.equal(code, 2);
      assert.match(stderr, /^error: the folder \/.*\/file(?:\/below)? cannot be made: /);
    }
    assert.equal(readFileSync(workplace.path('file'), 'utf8'), 'x');
  });

  it('is refused when its store is damaged, and left as it is', async () => {
    const damaged = 'no database'.repeat(1_000);
    workplace.write('damaged/store.db', damaged);
    const { code, stderr } = await serve('damaged');
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^error: the store .*store\.db is damaged or not a store: .*\n {2}Restore the data directory/m,
    );
    assert.equal(readFileSync(workplace.path('damaged/store.db'), 'utf8'), damaged);
  });

  it('gets a new certificate when the old one is damaged, or not that of the key', async () => {
    const first = await PenstockServer.start(workplace, { data: 'certified' });
    const certificate = readFileSync(`${first.directory}/server.crt`, 'utf8');
    await first.kill();
    writeFileSync(`${first.directory}/server.crt`, 'damaged');
    const second = await PenstockServer.start(workplace, { data: 'certified' });
    await second.client.list(namespaces);
    await second.kill();
    // As if the power had failed between the writing of a new key and that of its certificate.
    writeFileSync(`${first.directory}/server.crt`, certificate);
    await using third = await PenstockServer.start(workplace, { data: 'certified' });
    await third.client.list(namespaces);
  });

  it('keeps its token and its certificate, so that clients stay connected', async () => {
    const read = () => ['token', 'server.crt'].map((name) => readFileSync(workplace.path(`kept/${name}`), 'utf8'));
    mkdirSync(workplace.path('kept'));
    await (await PenstockServer.start(workplace, { data: 'kept' })).kill();
    const first = read();
    await (await PenstockServer.start(workplace, { data: 'kept' })).kill();
    assert.deepEqual(read(), first);
    assert.ok(readdirSync(workplace.path('kept')).includes('store.db'));
  });
});
