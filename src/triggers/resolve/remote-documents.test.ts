import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../base/system-clock.ts';
import type { Forge } from '../../forge/forge.ts';
import type { Project } from '../../forge/git-event.ts';
import type { Catalog } from '../../forge/kinds/settings.ts';
import { createFetch } from '../../net/outgoing-fetch.ts';
import { fetchingRemote } from './fetching-remote.ts';
import { parseReference } from './references.ts';
import { RemoteDocuments, forgeSources, remoteDocumentsMax } from './remote-documents.ts';
import { RemoteFetchError, type RemoteFetcher, remoteDocumentBytesMax } from './remote-fetcher.ts';
import { sourcesOf } from './resolve-fixture.ts';

async function read(
  documents: RemoteDocuments,
  text: string,
  kind: 'Pipeline' | 'Task' = 'Task',
): Promise<string | undefined> {
  const parsed = parseReference(text);
  assert.ok(parsed.ok);
  return documents.read(parsed.reference, kind);
}

describe('RemoteDocuments', () => {
  it('fetches each document once and no more than its limit', async () => {
    const sources = sourcesOf({ 'a/a': 'x' });
    const documents = new RemoteDocuments(sources);
    assert.deepEqual(await Promise.all([read(documents, 'a/a'), read(documents, './a/a')]), ['x', 'x']);
    assert.deepEqual(sources.fetched, ['a/a']);
    for (let index = 1; index < remoteDocumentsMax; index += 1) await read(documents, `b/${index}`);
    await assert.rejects(read(documents, 'b/last'), { code: 'REMOTE_FETCH', passing: false });
  });

  it('refuses large documents, and the network where it is switched off', async () => {
    const large = sourcesOf({ 'a/a': 'x'.repeat(remoteDocumentBytesMax + 1), 'b/b': 'y' }, { remoteTasks: false });
    await assert.rejects(read(new RemoteDocuments(large), 'a/a'), /more than \d+ bytes/);
    await assert.rejects(read(new RemoteDocuments(large), 'https://x.example/a'), /setting remote-tasks/);
    await assert.rejects(read(new RemoteDocuments(large), 'git-clone'), /setting remote-tasks/);
    assert.equal(await read(new RemoteDocuments(large), 'b/b'), 'y');
    assert.deepEqual(large.fetched, ['a/a', 'b/b']);
  });

  it('asks again for what could not be had, within the limit', async () => {
    let calls = 0;
    const fetchText = (): Promise<string> => {
      calls += 1;
      return calls === 1 ? Promise.reject(new RemoteFetchError('busy', { passing: true })) : Promise.resolve('text');
    };
    const documents = new RemoteDocuments(sourcesOf({}, { fetcher: { fetchText } }));
    await assert.rejects(read(documents, 'https://x.example/a'), /busy/);
    assert.equal(await read(documents, 'https://x.example/a'), 'text');
    assert.equal(await read(documents, 'https://x.example/a'), 'text');
    assert.equal(calls, 2);
  });

  it('reads items of catalogs', async () => {
    const manifest = JSON.stringify({ data: { manifestRaw: 'kind: Task' } });
    const catalogs: readonly Catalog[] = [
      { id: 'default', name: 'default', url: 'https://hub.example', type: 'artifacthub' },
      { id: 'own', name: 'ours', url: 'https://own.example/api/v1' },
      { id: 'old', name: 'default', url: 'https://old.example' },
    ];
    const sources = sourcesOf(
      {
        'https://hub.example/api/v1/packages/tekton-task/tekton-catalog-tasks/git-clone': manifest,
        'https://hub.example/api/v1/packages/tekton-pipeline/tekton-catalog-pipelines/build/0.2': manifest,
        'https://hub.example/api/v1/packages/tekton-task/tekton-catalog-tasks/odd': '{"data": {}}',
        'https://own.example/api/v1/stats': '{}',
        'https://own.example/api/v1/packages/tekton-task/ours/curl': manifest,
        'https://old.example/resource/tekton/task/curl/1/raw': 'kind: Task',
      },
      { catalogs },
    );
    const documents = new RemoteDocuments(sources);
    assert.equal(await read(documents, 'git-clone'), 'kind: Task');
    assert.equal(await read(documents, 'build:0.2', 'Pipeline'), 'kind: Task');
    assert.equal(await read(documents, 'own://curl'), 'kind: Task');
    assert.equal(await read(documents, 'old://curl:1'), 'kind: Task');
    assert.equal(await read(documents, 'none'), undefined);
    await assert.rejects(read(documents, 'odd'), /answered without data.manifestRaw/);
  });
});

describe('forgeSources', () => {
  const project: Project = { url: 'https://github.com/o/n', owner: 'o', name: 'n' };
  const never: RemoteFetcher = { fetchText: (url) => Promise.reject(new Error(`asked without a token: ${url}`)) };

  it('reads files of the own host with its token, at the commit that is tested or named', async () => {
    const asked: string[] = [];
    const tag = 'f'.repeat(40);
    const forge = {
      kind: 'github',
      readFile: ({ url }: Project, sha: string, path: string) => {
        asked.push(`${url} ${sha} ${path}`);
        return Promise.resolve('text');
      },
      readRevision: (_project: Project, ref: string) =>
        Promise.resolve(ref === 'refs/tags/v1' ? { sha: tag } : undefined),
    } as unknown as Forge;
    const options = { forge, project, sha: 'a'.repeat(40), fetcher: never, catalogs: [], remoteTasks: true };
    const documents = new RemoteDocuments(forgeSources(options));
    assert.equal(await read(documents, 'd/t.yaml'), 'text');
    assert.equal(await read(documents, 'https://github.com/other/lib/blob/v1/t.yaml'), 'text');
    assert.equal(await read(documents, `https://github.com/other/lib/raw/${'b'.repeat(40)}/t.yaml`), 'text');
    assert.equal(await read(documents, 'https://github.com/other/lib/raw/gone/t.yaml'), undefined);
    assert.deepEqual(asked, [
      `https://github.com/o/n ${'a'.repeat(40)} d/t.yaml`,
      `https://github.com/other/lib ${tag} t.yaml`,
      `https://github.com/other/lib ${'b'.repeat(40)} t.yaml`,
    ]);
    await assert.rejects(read(documents, 'https://x.example/t.yaml'), /asked without a token: https:\/\/x\.example/);
  });

  it('reads other projects on behalf of the tested one, unless they were named for it', async () => {
    const asked: string[] = [];
    const reading = (as: string): Pick<Forge, 'readFile' | 'readRevision'> => ({
      readFile: ({ owner, name }) => {
        asked.push(`${owner}/${name} as ${as}`);
        return Promise.resolve('text');
      },
      readRevision: () => Promise.resolve({ sha: 'b'.repeat(40) }),
    });
    const forge = {
      kind: 'github',
      ...reading('itself'),
      readingFor: (home: Project) => Promise.resolve(reading(home.name)),
    } as unknown as Forge;
    const plain = { forge, project, sha: 'a'.repeat(40), fetcher: never, catalogs: [], remoteTasks: true };
    const urls = ['O/N', 'o/lib', 'other/lib'].map((name) => `https://github.com/${name}/blob/main/t.yaml`);
    for (const further of [undefined, ['O/Lib'], 'all'] as const) {
      const options = further === undefined ? plain : { ...plain, further };
      const documents = new RemoteDocuments(forgeSources(options));
      for (const url of urls) await read(documents, url);
    }
    assert.deepEqual(asked, [
      ...['O/N as itself', 'o/lib as n', 'other/lib as n'],
      ...['O/N as itself', 'o/lib as itself', 'other/lib as n'],
      ...['O/N as itself', 'o/lib as itself', 'other/lib as n'],
    ]);
  });
});

describe('fetchingRemote', () => {
  async function serve(context: TestContext): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization ?? 'no credential');
      const path = request.url ?? '';
      if (path === '/away') response.setHeader('location', 'http://169.254.169.254/latest');
      const status = Number(/\d+/.exec(path)?.[0] ?? (path === '/away' ? 302 : 200));
      response.writeHead(status).end(path === '/large' ? 'x'.repeat(2000) : 'text');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    context.after(() => server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
  }

  it('tells what is not there, what may pass and what stays', async (context) => {
    const { url, seen } = await serve(context);
    using fetch = createFetch({ clock: systemClock, allowedHosts: ['127.0.0.1'] });
    const remote = fetchingRemote(fetch);
    assert.equal(await remote.fetchText(`${url}/ok`, 1000), 'text');
    assert.equal(await remote.fetchText(`${url}/404`, 1000), undefined);
    assert.equal(await remote.fetchText(`${url}/410`, 1000), undefined);
    for (const status of [429, 408, 500, 503]) {
      await assert.rejects(remote.fetchText(`${url}/${status}`, 1000), { passing: true }, String(status));
    }
    for (const path of ['/403', '/large', '/away']) {
      await assert.rejects(remote.fetchText(`${url}${path}`, 1000), { passing: false }, path);
    }
    assert.ok(seen.every((credential) => credential === 'no credential'));
  });

  it('does not reach private networks, and tries lost connections again', async (context) => {
    const { url } = await serve(context);
    using guarded = createFetch({ clock: systemClock });
    await assert.rejects(fetchingRemote(guarded).fetchText(`${url}/ok`, 1000), { passing: false });
    const lost = fetchingRemote(() => Promise.reject(new TypeError('fetch failed')));
    await assert.rejects(lost.fetchText('https://x.example/a', 1000), { passing: true });
  });
});
