import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiStatusError } from '../kube/api-error.ts';
import type { PodLogOptions, PodLogSource } from '../kube/pod-log-source.ts';
import { pod, podsPath, TestApi } from './api-fixture.ts';

/** Logs that say what was asked of them. */
class EchoLogs implements PodLogSource {
  readonly asked: { readonly pod: string; readonly container: string; readonly options: PodLogOptions }[] = [];
  closed = false;

  async *open(
    target: Parameters<PodLogSource['open']>[0],
    container: string,
    options: PodLogOptions,
  ): AsyncIterable<Uint8Array> {
    this.asked.push({ pod: target.metadata.uid ?? '', container, options });
    try {
      yield await Promise.resolve(Buffer.from('one\n'));
      yield Buffer.from('two\n');
    } finally {
      this.closed = true;
    }
  }
}

async function withPod(podLogs: PodLogSource, spec = {}): Promise<TestApi> {
  const api = new TestApi({ podLogs });
  await api.json('POST', podsPath, { body: pod('p', spec) });
  return api;
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

const logPath = `${podsPath}/p/log`;

describe('pod logs', () => {
  it('are streamed, with all options', async () => {
    const logs = new EchoLogs();
    const api = await withPod(logs);
    const query = { follow: 'true', timestamps: '1', tailLines: '0', sinceSeconds: '7', limitBytes: '9' };
    const { signal } = new AbortController();
    const response = await api.call('GET', logPath, { query, signal });
    assert.ok(response.body.kind === 'stream');
    assert.equal(response.body.contentType, 'text/plain; charset=utf-8');
    assert.equal(await textOf(response.body.chunks), 'one\ntwo\n');
    const [asked] = logs.asked;
    assert.equal(asked?.container, 'main');
    assert.deepEqual(asked.options, {
      follow: true,
      timestamps: true,
      tailLines: 0,
      sinceSeconds: 7,
      limitBytes: 9,
      signal,
    });
  });

  it('are closed when nobody reads on', async () => {
    const logs = new EchoLogs();
    const response = await (await withPod(logs)).call('GET', logPath);
    assert.ok(response.body.kind === 'stream');
    for await (const _chunk of response.body.chunks) break;
    assert.equal(logs.closed, true);
  });

  it('count sinceTime from now', async () => {
    const logs = new EchoLogs();
    const api = await withPod(logs);
    await api.clock.advance(90_000);
    await api.call('GET', logPath, { query: { sinceTime: '2026-01-01T00:01:00Z' } });
    assert.equal(logs.asked[0]?.options.sinceSeconds, 30);
  });

  it('are of the container that is named', async () => {
    const logs = new EchoLogs();
    const containers = [
      { name: 'a', image: 'x:1' },
      { name: 'b', image: 'x:1' },
    ];
    const api = await withPod(logs, { containers, initContainers: [{ name: 'i', image: 'x:1' }] });
    for (const container of ['b', 'i']) await api.call('GET', logPath, { query: { container } });
    assert.deepEqual(
      logs.asked.map(({ container }) => container),
      ['b', 'i'],
    );
    assert.equal(
      (await api.refusal('GET', logPath))['message'],
      'a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i]',
    );
    const refusal = await api.refusal('GET', logPath, { query: { container: 'c' } });
    assert.equal(refusal['message'], 'container c is not valid for pod p');
  });

  for (const [title, query, code] of [
    ['the log of a former container', { previous: 'true' }, 400],
    ['a limit of nothing', { limitBytes: '0' }, 422],
    ['a span of nothing', { sinceSeconds: '0' }, 422],
    ['two starts', { sinceSeconds: '1', sinceTime: '2026-01-01T00:00:00Z' }, 422],
    ['an instant that is none', { sinceTime: 'yesterday' }, 422],
    ['half of the output', { stream: 'Stderr' }, 422],
    ['a negative tail', { tailLines: '-1' }, 400],
  ] as const) {
    it(`answers ${code} to a request for ${title}`, async () => {
      const response = await (await withPod(new EchoLogs())).call('GET', logPath, { query });
      assert.equal(response.status, code);
    });
  }

  it('that are not there are a Status, not a broken stream', async () => {
    const waiting: PodLogSource = {
      open: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            Promise.reject(new ApiStatusError('BadRequest', 'container "main" in pod "p" is waiting to start')),
        }),
      }),
    };
    const refusal = await (await withPod(waiting)).refusal('GET', logPath);
    assert.equal(refusal['message'], 'container "main" in pod "p" is waiting to start');
  });

  it('need a pod and a source', async () => {
    const api = await withPod(new EchoLogs());
    assert.equal((await api.refusal('GET', `${podsPath}/none/log`))['code'], 404);
    assert.equal((await api.refusal('POST', logPath, { body: {} }))['code'], 405);
    assert.equal((await new TestApi().refusal('GET', logPath))['code'], 404);
  });
});
