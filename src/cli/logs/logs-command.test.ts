/** `penstock logs` on a cluster: what is kept, live pods, and what is said when there is neither. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import { createClient } from '../../client/client.ts';
import { ApiStatusError, type StatusReason } from '../../kube/api-error.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../kube/transport.ts';
import { LogFixture, runUntil } from '../../logs/log-fixture.ts';
import { logsOfReader } from '../../logs/log-access.ts';
import { type Said, connectionTo, typeProgram } from '../testing/typed-program.ts';

const json = (status: number, value: JsonObject): ApiResponse => ({
  status,
  headers: {},
  body: { kind: 'json', value },
});
const refused = (reason: StatusReason, message: string): ApiResponse => {
  const error = new ApiStatusError(reason, message);
  return json(error.status, error.toStatus());
};
const text = (words: string): ApiResponse => {
  const chunks = (async function* () {
    yield Buffer.from(words);
  })();
  return { status: 200, headers: {}, body: { kind: 'stream', chunks, contentType: 'text/plain' } };
};

const taskRun: JsonObject = {
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: { namespace: 'ns', name: 'run-p' },
  spec: {},
  status: {
    podName: 'p',
    steps: [{ name: 'a', terminated: { exitCode: 0 } }],
    conditions: [{ type: 'Succeeded', status: 'True' }],
  },
};

interface Cluster {
  /** Answers requests for logs that are kept. */
  readonly kept: Transport;
  readonly pod?: ApiResponse;
  /** Whether the TaskRun is still there. */
  readonly gone?: boolean;
}

function cluster({ kept, pod = refused('NotFound', 'pods "p" not found'), gone = false }: Cluster): Transport {
  return async (request) => {
    if (request.path.startsWith('/apis/logs.penstock.dev/')) return kept(request);
    if (request.path === '/api/v1/namespaces/ns/pods/p/log') return pod;
    if (!gone && request.path.endsWith('/taskruns/run-p')) return json(200, taskRun);
    return refused('NotFound', `${request.path} not found`);
  };
}

function typeLogs(transport: Transport): Promise<Said> {
  const connection = { ...connectionTo(createClient(transport), 'https://cluster'), transport, namespace: 'ns' };
  return typeProgram(['logs', 'run-p'], {
    connect: () => Promise.resolve(connection),
    onInterrupt: () => () => undefined,
  });
}

/** What an API server answers whose path nobody has registered. */
const noSuchApi: Transport = () =>
  Promise.resolve(json(404, { kind: 'Status', message: 'HTTP status 404: 404 page not found' }));

/** A store with the log of `step-a` of pod `p`; `whole`: the keeper has settled it. */
async function archive(whole: boolean) {
  const fixture = new LogFixture();
  const keeper = fixture.startKeeper();
  const pod = fixture.createPod('p', ['step-a']);
  fixture.start('p', 'step-a');
  fixture.write('p', 'step-a', 'kept\n');
  if (whole) fixture.end('p', 'step-a');
  if (whole) await runUntil(fixture.clock, () => keeper.isSettled(pod));
  else await fixture.clock.advance(60_000);
  // Read by another replica than the one that records.
  const allowed: Transport = () => Promise.resolve(json(201, { metadata: {}, status: { allowed: true } }));
  const reader = { username: 'ann' };
  return logsOfReader({ client: createClient(allowed), archive: fixture.archive() }, reader);
}

describe('penstock logs on a cluster', () => {
  it('shows what is kept when the pod is gone, and when the TaskRun is', async () => {
    for (const gone of [false, true]) {
      const { code, output, errors } = await typeLogs(cluster({ kept: await archive(true), gone }));
      assert.deepEqual([code, errors], [0, '']);
      assert.equal(output, '[run-p : a] kept\n');
    }
  });

  it('shows the pod where nothing is kept, and where what is kept is not whole yet', async () => {
    for (const kept of [noSuchApi, await archive(false)]) {
      const { code, output, errors } = await typeLogs(cluster({ kept, pod: text('live\n') }));
      assert.deepEqual([code, output, errors], [0, '[run-p : a] live\n', '']);
    }
  });

  it('shows the part that was kept when the pod is gone', async () => {
    const { code, output } = await typeLogs(cluster({ kept: await archive(false) }));
    assert.deepEqual([code, output], [0, '[run-p : a] kept\n']);
  });

  it('says why there is none, and that this is no success', async () => {
    const why = async (kept: Transport): Promise<string> => {
      const { code, output, errors } = await typeLogs(cluster({ kept }));
      assert.deepEqual([code, output], [1, '']);
      return errors;
    };
    assert.match(await why(noSuchApi), /^\[run-p : a\] there is no log: the pod p is gone, and logs are not kept here/);
    const forbidden = (): Promise<ApiResponse> => Promise.resolve(refused('Forbidden', 'ann may not'));
    assert.match(await why(forbidden), /the pod p is gone, and what is kept may not be read: ann may not/);
    const down = (): Promise<ApiResponse> => Promise.resolve(refused('ServiceUnavailable', 'no endpoints'));
    assert.match(await why(down), /and what is kept cannot be read now: no endpoints/);
    const empty = new LogFixture().archive();
    const allowed: Transport = () => Promise.resolve(json(201, { metadata: {}, status: { allowed: true } }));
    const nothing = logsOfReader({ client: createClient(allowed), archive: empty }, { username: 'ann' });
    assert.match(await why(nothing), /and no log of taskrun "run-p" is kept/);
  });

  it('says why when there is not even a run', async () => {
    const { code, errors } = await typeLogs(cluster({ kept: noSuchApi, gone: true }));
    assert.equal(code, 2);
    assert.match(errors, /there is no run ns\/run-p, and logs are not kept here/);
  });

  it('asks for nothing but logs, and in the namespace of the run', async () => {
    const asked: ApiRequest[] = [];
    const kept = await archive(true);
    await typeLogs(
      cluster({
        kept: (request) => {
          asked.push(request);
          return kept(request);
        },
      }),
    );
    const paths = new Set(asked.map(({ method, path }) => `${method} ${path}`));
    assert.deepEqual([...paths], ['GET /apis/logs.penstock.dev/v1alpha1/namespaces/ns/taskruns/run-p/log']);
  });
});
