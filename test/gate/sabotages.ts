/** Ways to break gates or engine that the laws must find out. Each changes only what a party sends or gets. */
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { ApiStatusError } from '../../src/kube/api-error.ts';
import type { ApiRequest, ApiResponse, RawWatchEvent, Transport } from '../../src/kube/transport.ts';
import type { Sabotage } from './gate-world.ts';

/** A sabotage, and what is known of it. */
export interface NamedSabotage extends Sabotage {
  /** The law by which it is noticed. */
  readonly law: number;
  /** The first history that is tried: one that has found it, to save time. Default 1. */
  readonly seed?: number;
}

/** What each breaks, and the law by which it is noticed. */
export const sabotages: Readonly<Record<string, NamedSabotage>> = {
  'slots are written without the version they were read at': { law: 7, seed: 2, gate: overwriting },
  'a run that the cache does not show counts as gone': { law: 7, seed: 4, gate: neverFinding },
  'a run is started whatever it is by now': {
    law: 8,
    seed: 7,
    gate: changingRequests(withoutTests),
    withoutTektonAdmission: true,
  },
  'the engine does not heed pending': { law: 4, engine: hidingPending },
  'nobody refuses to make a started run pending': { law: 4, withoutTektonAdmission: true },
};

type Body = NonNullable<ApiRequest['body']>;

function changingRequests(change: (request: ApiRequest) => Body | undefined): (transport: Transport) => Transport {
  return (transport) => (request) => {
    const body = change(request);
    return transport(body === undefined ? request : { ...request, body });
  };
}

function isGateStatus({ method, path }: ApiRequest): boolean {
  return method === 'PUT' && path.includes('/gates/') && path.endsWith('/status');
}

/** Reads the newest version for the write, whatever the decision rests on. */
function overwriting(transport: Transport): Transport {
  return async (request) => {
    const { body } = request;
    if (!isGateStatus(request) || !isJsonObject(body) || !isJsonObject(body['metadata'])) return transport(request);
    const newest = await transport({
      method: 'GET',
      path: request.path.replace(/\/status$/, ''),
      query: {},
      headers: {},
    });
    const metadata = newest.body.kind === 'json' ? newest.body.value['metadata'] : undefined;
    if (!isJsonObject(metadata)) return newest;
    const { resourceVersion = '' } = metadata;
    return transport({ ...request, body: { ...body, metadata: { ...body['metadata'], resourceVersion } } });
  };
}

function withoutTests({ method, path, body }: ApiRequest): Body | undefined {
  if (method !== 'PATCH' || !path.includes('/pipelineruns/') || !isJsonList(body)) return undefined;
  return body.filter((operation) => isJsonObject(operation) && operation['op'] !== 'test');
}

function neverFinding(transport: Transport): Transport {
  return async (request) => {
    const reads = request.method === 'GET' && /\/pipelineruns\/[^/]+$/.test(request.path);
    if (!reads) return transport(request);
    const error = new ApiStatusError('NotFound', 'not found');
    return { status: 404, headers: {}, body: { kind: 'json', value: error.toStatus() } };
  };
}

function hidingPending(transport: Transport): Transport {
  return async (request): Promise<ApiResponse> => {
    const response = await transport(request);
    if (request.method !== 'GET' || !request.path.includes('/pipelineruns')) return response;
    const { body } = response;
    if (body.kind === 'watch') return { ...response, body: { kind: 'watch', events: cleared(body.events) } };
    if (body.kind !== 'json') return response;
    return { ...response, body: { kind: 'json', value: withoutPending(body.value) as JsonObject } };
  };
}

async function* cleared(events: AsyncIterable<RawWatchEvent>): AsyncIterable<RawWatchEvent> {
  for await (const event of events) yield { ...event, object: withoutPending(event.object) as JsonObject };
}

function withoutPending(value: Json): Json {
  if (isJsonList(value)) return value.map(withoutPending);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(
    ([name, member]) => name !== 'status' || member !== 'PipelineRunPending',
  );
  return Object.fromEntries(
    entries.map(([name, member]) => [name, member === undefined ? null : withoutPending(member)]),
  );
}
