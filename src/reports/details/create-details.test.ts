import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReportRig, systemNamespace } from '../../../test/support/report-rig.ts';
import { deferred } from '../../base/deferred.ts';
import { penstockKeys } from '../../forge/kinds/run-keys.ts';
import { detailsSecretName } from '../../forge/kinds/settings.ts';
import { createClient } from '../../client/client.ts';
import { ApiStatusError } from '../../kube/api-error.ts';
import { configMaps, namespaces, secrets } from '../../kube/core-types.ts';
import { MemoryLogger } from '../../telemetry/memory-logger.ts';
import type { ReadLog } from '../excerpts.ts';
import { createDetailsPages, type DetailsAnswer, pagesAtOnceMax, pagesWaitingMax } from './create-details.ts';
import { DetailsKey, keyAgeMsMax } from './details-key.ts';
import { detailsLinks } from './details-links.ts';
import { logMsMax } from './read-page.ts';

class PagesRig {
  readonly rig = new ReportRig();
  readonly logger = new MemoryLogger();
  readLog: ReadLog = () => Promise.resolve('');
  client = this.rig.client;
  #made = 0;

  static async open(): Promise<PagesRig> {
    const opened = new PagesRig();
    const metadata = { name: systemNamespace };
    if (systemNamespace !== 'default') {
      await opened.rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
    }
    await opened.rig.repository();
    return opened;
  }

  key(): DetailsKey {
    const { rig, logger, client } = this;
    const newKey = (): string => `${++this.#made}`.padStart(64, '0');
    return new DetailsKey({ client, clock: rig.clock, logger, systemNamespace, newKey });
  }

  /** The page of a run in `default`, as text. */
  async see(name: string, key: DetailsKey = this.key()): Promise<DetailsAnswer> {
    const link = await detailsLinks(key, Promise.resolve('http://p.test'))(undefined);
    const path = (link({ kind: 'run', namespace: 'default', name }) ?? assert.fail('no link')).slice(
      'http://p.test'.length,
    );
    return this.pages(key)({ method: 'GET', path, accept: 'text/plain' });
  }

  pages(key: DetailsKey): ReturnType<typeof createDetailsPages> {
    const { rig, logger, client, readLog } = this;
    const parts = { client, clock: rig.clock, logger, systemNamespace };
    return createDetailsPages({ ...parts, key, readLog, ownAddress: Promise.resolve('http://p.test') });
  }
}

describe('the page of a run', () => {
  it('has the end of the log of the step that failed, without secrets', async () => {
    const opened = await PagesRig.open();
    const { rig } = opened;
    await rig.secret('deploy', { key: 'opensesame' });
    await rig.secret('more', { any: 'swordfish' });
    await rig.failingRun('build-1');
    opened.readLog = () =>
      Promise.resolve(`${'early\n'.repeat(300)}opensesame swordfish hunter2-token\n<script>\u001b[31mred\nlast\n`);
    const { status, body } = await opened.see('build-1');
    assert.equal(status, 200);
    assert.match(body, /^build, attempt 1\nFailed since /);
    assert.match(body, /test +Failed +5s +unit, exit code 2\n/);
    assert.match(
      body,
      /End of the log of step unit of task test\n-+\n( {4}early\n){97} {4}\*\*\* \*\*\* \*\*\*\n {4}<script>red\n {4}last\n/,
    );
    assert.doesNotMatch(body, /opensesame|swordfish|hunter2/);
  });

  it('masks whatever else names a secret', async () => {
    const opened = await PagesRig.open();
    await opened.rig.run('build-1', { annotations: { 'pipelinesascode.tekton.dev/sha-title': 'use hunter2-token' } });
    const { body } = await opened.see('build-1');
    assert.match(body, /Commit: +c0ffee0+1 use \*\*\*\n/);
    assert.doesNotMatch(body, /hunter2/);
  });

  it('quotes no log where the settings want none, or where nobody knows what to mask', async () => {
    const opened = await PagesRig.open();
    const { rig } = opened;
    await rig.failingRun('build-1');
    opened.readLog = () => assert.fail('nothing is read');
    const key = opened.key();
    await key.current();
    opened.client = createClient((request) => {
      if (request.path.endsWith('/secrets/deploy')) throw new ApiStatusError('Forbidden', 'not for you');
      return rig.transport(request);
    });
    const unread = await opened.see('build-1', key);
    assert.match(unread.body, /Not shown: the secrets to be masked could not be read: not for you\./);
    const metadata = { namespace: systemNamespace, name: 'pipelines-as-code' };
    const data = { 'error-log-snippet': 'false' };
    await rig.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    assert.match((await opened.see('build-1', key)).body, /Not shown: the setting error-log-snippet is off\./);
  });

  it('does not wait for a log without end', async () => {
    const opened = await PagesRig.open();
    await opened.rig.failingRun('build-1');
    const asked = deferred<void>();
    opened.readLog = (_place, signal) => {
      asked.resolve();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    };
    const seen = opened.see('build-1');
    await asked.promise;
    await opened.rig.clock.advance(logMsMax);
    assert.match((await seen).body, /Not available: it could not be read within 10 s\./);
  });

  it('leads to the other attempts, the newest first', async () => {
    const opened = await PagesRig.open();
    const labels = { [penstockKeys.series]: 'abc' };
    for (const attempt of [1, 2, 3]) {
      const created = await opened.rig.run(`build-${attempt}`, { attempt });
      await opened.rig.label(created, labels);
    }
    const { body } = await opened.see('build-2');
    const rows = body.slice(body.indexOf('Attempts\n'));
    assert.match(
      rows,
      /3: build-3 <http:\/\/p\.test\/runs\/default\/build-3\/[\w-]+>.*\n2: build-2  .*this page.*\n1: build-1 </,
    );
  });

  it('that is gone, and of which nothing is kept, says so', async () => {
    const opened = await PagesRig.open();
    const { status, body } = await opened.see('build-9');
    assert.equal(status, 410);
    assert.match(body, /The run default\/build-9 is no longer there\. Nothing of it is kept any more\./);
  });
});

describe('many pages', () => {
  it('are made a few at a time, and refused when too many wait', async () => {
    const opened = await PagesRig.open();
    await opened.rig.run('build-1');
    const key = opened.key();
    await key.current();
    const go = deferred<void>();
    let underWay = 0;
    let most = 0;
    opened.client = createClient(async (request) => {
      if (!request.path.endsWith('/pipelineruns/build-1')) return opened.rig.transport(request);
      most = Math.max(most, ++underWay);
      await go.promise;
      underWay--;
      return opened.rig.transport(request);
    });
    const link = await detailsLinks(key, Promise.resolve(''))(undefined);
    const path = link({ kind: 'run', namespace: 'default', name: 'build-1' }) ?? assert.fail('no link');
    const pages = opened.pages(key);
    const count = pagesAtOnceMax + pagesWaitingMax + 3;
    const answers = Array.from({ length: count }, () => pages({ method: 'GET', path, accept: undefined }));
    const refused = await Promise.all(answers.slice(-3));
    assert.deepEqual(
      refused.map(({ status, headers }) => [status, headers['retry-after']]),
      [
        [503, '5'],
        [503, '5'],
        [503, '5'],
      ],
    );
    go.resolve();
    const rest = await Promise.all(answers.slice(0, -3));
    assert.deepEqual([...new Set(rest.map(({ status }) => status))], [200]);
    assert.equal(most, pagesAtOnceMax);
  });

  it('are answered with 503 when the API fails, and nobody is told how', async () => {
    const opened = await PagesRig.open();
    const key = opened.key();
    await key.current();
    opened.client = createClient(() => Promise.reject(new Error('etcd is away')));
    const { status, body } = await opened.see('build-1', key);
    assert.equal(status, 503);
    assert.doesNotMatch(body, /etcd/);
    assert.equal(opened.logger.lines.at(-1)?.fields['error'], 'etcd is away');
  });
});

describe('the key', () => {
  it('is one for all who make it at once', async () => {
    const opened = await PagesRig.open();
    const keys = await Promise.all([opened.key(), opened.key(), opened.key()].map((key) => key.current()));
    assert.equal(new Set(keys).size, 1);
    assert.equal(keys[0]?.length, 64);
  });

  it('is not made by who only opens pages', async () => {
    const opened = await PagesRig.open();
    assert.equal(await opened.key().existing(), undefined);
    const { items } = await opened.rig.client.list(secrets, { namespace: systemNamespace });
    assert.ok(!items.some(({ metadata }) => metadata.name === detailsSecretName));
  });

  it('that is too short, or may not be read, makes no links, and says so once', async () => {
    const opened = await PagesRig.open();
    const metadata = { namespace: systemNamespace, name: detailsSecretName };
    const data = { key: Buffer.from('short').toString('base64') };
    await opened.rig.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data });
    const short = opened.key();
    assert.deepEqual([await short.current(), await short.current()], [undefined, undefined]);
    opened.client = createClient(() => Promise.reject(new ApiStatusError('Forbidden', 'no')));
    assert.equal(await opened.key().current(), undefined);
    const codes = opened.logger.lines.map(({ level, fields }) => [level, fields['code']]);
    assert.deepEqual(codes, [
      ['error', 'DETAILS_KEY'],
      ['error', 'DETAILS_KEY'],
    ]);
  });

  it('that cannot be asked for holds links up', async () => {
    const opened = await PagesRig.open();
    opened.client = createClient(() => Promise.reject(new Error('etcd is away')));
    await assert.rejects(opened.key().current(), /etcd/);
    assert.equal(
      (await detailsLinks(opened.key(), Promise.resolve(undefined))(undefined))({ kind: 'delivery', name: 'd' }),
      undefined,
    );
  });

  it('that was replaced counts after a minute', async () => {
    const opened = await PagesRig.open();
    const key = opened.key();
    const first = await key.current();
    await opened.rig.client.delete(secrets, { namespace: systemNamespace, name: detailsSecretName });
    assert.equal(await key.current(), first);
    await opened.rig.clock.advance(keyAgeMsMax);
    assert.notEqual(await key.current(), first);
  });
});
