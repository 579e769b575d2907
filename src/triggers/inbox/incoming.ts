/** A call that starts one definition by name, from whoever knows the secret of a Repository's hook. */
import { randomUuid } from '../../base/random.ts';
import { isJsonObject, stableJson, type JsonObject } from '../../base/json.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { HookCall } from '../../forge/hook-receiver.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { hashOf } from '../../forge/kinds/identity.ts';
import type { IncomingHook, Repository } from '../../forge/kinds/repository.ts';
import { WebhookPayloadError } from '../../forge/webhook-format.ts';
import { PayloadReader } from '../../forge/webhook-payload.ts';
import { secretThatEquals } from '../../forge/webhook-signature.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { placeOf } from '../own-event.ts';
import { compileRefPattern, fullRef, shortBranch } from '../matching/branches.ts';
import { deliveryObject, keptPayload, sha256, shownHeaders } from './new-delivery.ts';
import { parseBody } from './parse-body.ts';
import { storeDelivery } from './store-delivery.ts';
import type { InboxOutcome, InboxParts } from './types.ts';
import { globalRepository, incomingHooks } from './webhook-secrets.ts';

/** Most bytes of a call's body. */
export const incomingBytesMax: number = 256 * 1024;
/** Longest value of a param, in characters. */
export const paramCharactersMax: number = 64 * 1024;
/** Longest Idempotency-Key, in characters. */
const idempotencyKeyCharactersMax = 255;

interface IncomingCall {
  readonly repository: string;
  readonly namespace?: string;
  readonly branch: string;
  readonly pipelineRun: string;
  readonly secret: string;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * `POST /incoming`. The body must be read before the secret can be known, as it says whose hook is meant; nobody learns
 * whether a Repository, branch or param exists before a secret has matched.
 */
export async function receiveIncoming(call: HookCall, parts: InboxParts): Promise<InboxOutcome> {
  const receivedMs = parts.clock.now();
  const refusal = refusedUnread(call);
  if (refusal !== undefined) return refusal;
  const asked = readCall(parseBody(call.body, 'application/json'), call.headers);
  if (!parts.repositories.hasSynced()) return { result: 'unavailable' };
  const named = parts.repositories.list(asked.namespace).filter(({ metadata }) => metadata.name === asked.repository);
  const open = (await Promise.all(named.map((repository) => openHooks(repository, asked, parts)))).flat();
  const [first] = open;
  if (first === undefined) return { result: 'forged' };
  if (open.some(({ repository }) => repository !== first.repository)) {
    return refused(400, 'several Repositories have this name: say which with "namespace"', 'namespace');
  }
  const hook = hookForBranch(first.repository, asked.branch, open, parts);
  if (hook === undefined) return refused(403, `the branch "${asked.branch}" is not among the targets of this hook`);
  const unwanted = Object.keys(asked.params).find((name) => !hook.params?.includes(name));
  if (unwanted !== undefined) return refused(400, 'is not among the params of this hook', `params.${unwanted}`);
  return store(first.repository, asked, call, receivedMs, parts);
}

function refused(status: 400 | 403 | 409 | 413, message: string, field?: string): InboxOutcome {
  return { result: 'refused', status, message, ...(field === undefined ? {} : { field }) };
}

function refusedUnread({ hasQuery, body }: HookCall): InboxOutcome | undefined {
  if (hasQuery) {
    return refused(400, 'nothing is read from the address, as a secret in it ends up in logs: send a JSON body');
  }
  if (body.length > incomingBytesMax) return refused(413, `the body is larger than ${incomingBytesMax} bytes`);
  return undefined;
}

function readCall(body: JsonObject, headers: Readonly<Record<string, string>>): IncomingCall {
  const reader = new PayloadReader(body);
  const namespace = reader.optionalText('namespace');
  return {
    repository: reader.text('repository'),
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    branch: shortBranch(reader.text('branch')),
    pipelineRun: reader.text('pipelinerun'),
    secret: headerSecret(headers) ?? reader.text('secret'),
    params: readParams(body['params']),
  };
}

/** A header is the better place: bodies are more often written down. */
function headerSecret(headers: Readonly<Record<string, string>>): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
  return bearer ?? headers['x-penstock-secret'];
}

function readParams(params: JsonObject[string]): Readonly<Record<string, string>> {
  if (params === undefined || params === null) return {};
  if (!isJsonObject(params)) throw new WebhookPayloadError('params', 'is not an object');
  for (const [name, value] of Object.entries(params)) {
    if (typeof value !== 'string') throw new WebhookPayloadError(`params.${name}`, 'is not a text');
    if (value.length > paramCharactersMax) {
      throw new WebhookPayloadError(`params.${name}`, `is longer than ${paramCharactersMax} characters`);
    }
  }
  return params as Readonly<Record<string, string>>;
}

interface OpenHook {
  readonly repository: Repository;
  readonly hook: IncomingHook;
}

/** The hooks of a Repository that the caller knows the secret of. All are compared. */
async function openHooks(
  repository: Repository,
  { secret }: IncomingCall,
  { repositories, systemNamespace, memory }: InboxParts,
): Promise<readonly OpenHook[]> {
  const hooks = incomingHooks(repository, globalRepository({ repositories: repositories.list(), systemNamespace }));
  const known = await Promise.all(
    hooks.map(async ({ hook, place }) => {
      // A secret that was changed a moment ago is read again at the next call.
      const value = await memory.current(place);
      return secretThatEquals(secret.trim(), [value ?? '']) === undefined ? [] : [{ repository, hook }];
    }),
  );
  return known.flat();
}

/** The first hook with a target for the branch decides, as published: the caller must know the secret of that one. */
function hookForBranch(
  repository: Repository,
  branch: string,
  open: readonly OpenHook[],
  { repositories, systemNamespace }: InboxParts,
): IncomingHook | undefined {
  const hooks = incomingHooks(repository, globalRepository({ repositories: repositories.list(), systemNamespace }));
  const first = hooks.find(({ hook }) => (hook.targets ?? []).some((target) => isTarget(target, branch)))?.hook;
  return open.some(({ hook }) => hook === first) ? first : undefined;
}

function isTarget(target: string, branch: string): boolean {
  const pattern = compileRefPattern(target);
  return pattern.ok && pattern.matches(fullRef(branch));
}

async function store(
  repository: Repository,
  asked: IncomingCall,
  { headers }: HookCall,
  receivedMs: number,
  { client, clock, random, systemNamespace }: InboxParts,
): Promise<InboxOutcome> {
  const key = headers['idempotency-key'];
  if (key !== undefined && (key === '' || key.length > idempotencyKeyCharactersMax)) {
    return refused(400, `must have 1 to ${idempotencyKeyCharactersMax} characters`, 'Idempotency-Key');
  }
  const { uid = '' } = repository.metadata;
  const occurrence = key === undefined ? randomUuid(random) : hashOf(['idempotency-key', uid, key]).slice(0, 32);
  const event = eventOf(repository, asked, occurrence);
  if (event === undefined) return refused(409, 'the Repository has no usable spec.url');
  const { secret: _secret, ...shown } = asked;
  const body = Buffer.from(stableJson(shown));
  const delivery = deliveryObject(`incoming-${hashOf(['incoming', uid, occurrence]).slice(0, 24)}`, systemNamespace, {
    forge: event.forge,
    ...(key === undefined ? {} : { deliveryId: key }),
    eventName: 'incoming',
    bodyHash: sha256(body),
    receivedAt: new Date(receivedMs).toISOString(),
    events: [event],
    headers: shownHeaders(headers),
    ...(await keptPayload(body)),
    verifiedBy: keyText(keyOf(repository)),
  });
  const result = await storeDelivery(client, clock, delivery);
  if (result === 'duplicate' && !(await isSameCall(client, delivery))) {
    return refused(409, 'another call had this key', 'Idempotency-Key');
  }
  return { result, delivery: delivery.metadata.name ?? '' };
}

/** Whether what is stored under the name of `delivery` asks for the same. */
async function isSameCall(client: ApiClient, delivery: Delivery): Promise<boolean> {
  const stored = await client.get(deliveries, keyOf(delivery));
  return stored.spec.bodyHash === delivery.spec.bodyHash;
}

function eventOf(
  repository: Repository,
  { branch, pipelineRun, params }: IncomingCall,
  occurrence: string,
): GitEvent | undefined {
  const place = placeOf(repository);
  const { name = '', namespace = '' } = repository.metadata;
  const incoming = { repository: name, namespace, branch, pipelineRun, params };
  const actor = { login: 'incoming' };
  return place && { trigger: 'incoming', eventType: 'incoming', occurrence, actor, incoming, ...place };
}
