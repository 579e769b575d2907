/** A course of calls to a Kubernetes API whose answers can be compared between two of them. */
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../../src/base/json.ts';
import type { HttpMethod, RawWatchEvent, Transport } from '../../src/kube/transport.ts';

/** What is asked, what must come back is up to the API. */
export interface Scenario {
  readonly name: string;
  /** What the embedded server does otherwise on purpose: the labels of such calls, each with its reason. */
  readonly differs?: Readonly<Record<string, string>>;
  run(api: Caller): Promise<void>;
}

/** An answer, as it came. */
export interface Answer {
  readonly status: number;
  readonly value: JsonObject;
}

/** What was answered to the call with this label. */
export interface Recorded {
  readonly label: string;
  readonly status: number;
  readonly answer: Json;
}

/** Details of a call. */
export interface CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** Of a patch: `merge-patch+json`. */
  readonly contentType?: string;
  /** Keep managedFields, which are else left out. */
  readonly managedFields?: true;
}

const patchTypes = {
  json: 'json-patch+json',
  merge: 'merge-patch+json',
  strategic: 'strategic-merge-patch+json',
  apply: 'apply-patch+yaml',
};

/** Calls an API and records its answers. */
export class Caller {
  readonly namespace: string;
  readonly recorded: Recorded[] = [];
  readonly #transport: Transport;

  constructor(transport: Transport, namespace: string) {
    this.#transport = transport;
    this.namespace = namespace;
  }

  /** The path of a namespaced collection, or of an object or subresource in it: `configmaps/a`, `tekton.dev/v1/taskruns`. */
  path(what: string): string {
    const [group, version, ...rest] = what.split('/');
    const isGrouped = group?.includes('.') === true;
    return isGrouped
      ? `/apis/${group}/${version}/namespaces/${this.namespace}/${rest.join('/')}`
      : `/api/v1/namespaces/${this.namespace}/${what}`;
  }

  create(label: string, collection: string, body: Json, options: CallOptions = {}): Promise<Answer> {
    return this.call(label, 'POST', this.path(collection), { ...options, body });
  }
  get(label: string, what: string, options: CallOptions = {}): Promise<Answer> {
    return this.call(label, 'GET', this.path(what), options);
  }
  put(label: string, what: string, body: Json, options: CallOptions = {}): Promise<Answer> {
    return this.call(label, 'PUT', this.path(what), { ...options, body });
  }
  patch(
    label: string,
    what: string,
    type: keyof typeof patchTypes,
    body: Json,
    options: CallOptions = {},
  ): Promise<Answer> {
    return this.call(label, 'PATCH', this.path(what), { ...options, body, contentType: patchTypes[type] });
  }
  delete(label: string, what: string, options: CallOptions = {}): Promise<Answer> {
    return this.call(label, 'DELETE', this.path(what), options);
  }

  async call(label: string, method: HttpMethod, path: string, options: CallOptions = {}): Promise<Answer> {
    const { query = {}, body, contentType = 'json' } = options;
    const headers = { accept: 'application/json', 'content-type': `application/${contentType}` };
    const answer = await this.#transport({ method, path, query, headers, ...(body === undefined ? {} : { body }) });
    const value = answer.body.kind === 'json' ? answer.body.value : { [answer.body.kind]: true };
    this.#record(label, answer.status, value, options);
    return { status: answer.status, value };
  }

  /** Records the first `count` events of a watch that are no bookmarks, or the error that it ends with. */
  async watch(
    label: string,
    collection: string,
    query: Readonly<Record<string, string>>,
    count: number,
  ): Promise<void> {
    const stop = new AbortController();
    const headers = { accept: 'application/json' };
    const path = this.path(collection);
    const { status, body } = await this.#transport({
      method: 'GET',
      path,
      query: { watch: 'true', ...query },
      headers,
      signal: stop.signal,
    });
    if (body.kind !== 'watch') return this.#record(label, status, body.kind === 'json' ? body.value : {}, {});
    const seen: RawWatchEvent[] = [];
    for await (const event of body.events) {
      if (event.type !== 'BOOKMARK') seen.push(event);
      if (seen.length === count || event.type === 'ERROR') break;
    }
    stop.abort();
    const items = seen.map(({ type, object }) => ({ type, object }));
    this.#record(label, status, { events: items }, {});
  }

  /** Records a fact that a scenario works out itself. */
  note(label: string, fact: Json): void {
    this.recorded.push({ label, status: 0, answer: fact });
  }

  #record(label: string, status: number, value: JsonObject, { managedFields }: CallOptions): void {
    const answer = comparable(value, managedFields === true);
    this.recorded.push({ label, status, answer: replaceText(answer, this.namespace, '<namespace>') });
  }
}

/** Members whose values no two servers share. */
const volatileMembers: Readonly<Record<string, string>> = {
  uid: '<uid>',
  resourceVersion: '<version>',
  creationTimestamp: '<time>',
  deletionTimestamp: '<time>',
  time: '<time>',
  continue: '<continue>',
  lastTransitionTime: '<time>',
};

/**
 * What is left to compare. The words of errors are each server's own; their codes, reasons, kinds and fields are the API.
 * Members that are absent, null or empty mean the same: Go leaves out which it likes, kind by kind.
 */
function comparable(value: Json, managedFields: boolean): Json {
  if (isJsonList(value)) return value.map((item) => comparable(item, managedFields));
  if (!isJsonObject(value)) return value;
  if (value['kind'] === 'Status') return comparableStatus(value);
  if (isJsonList(value['items']))
    return comparable({ ...value, items: undefined, listed: value['items'].map(untyped) }, managedFields);
  const generated = value['generateName'];
  const entries = Object.entries(value)
    .filter(([name]) => managedFields || name !== 'managedFields')
    .map(([name, member = null]): readonly [string, Json] => {
      if (name === 'name' && typeof generated === 'string' && typeof member === 'string')
        return [name, `${member.startsWith(generated) ? generated : '?'}<${member.length - generated.length}>`];
      const mark = volatileMembers[name];
      const isMarked = mark !== undefined && typeof member === 'string' && member !== '';
      return [name, isMarked ? mark : comparable(member, managedFields)];
    })
    // Of managed fields the empty objects are what it is all about.
    .filter(([, member]) => managedFields || !isNothing(member));
  return Object.fromEntries(entries);
}

/** Items of some lists say what they are, those of others do not. */
function untyped(item: Json): Json {
  return isJsonObject(item) ? { ...item, apiVersion: null, kind: null } : item;
}

function isNothing(value: Json): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

function comparableStatus({ status, reason = '', code = 0, details }: JsonObject): Json {
  const { name = '', kind = '', causes = [] } = isJsonObject(details) ? details : {};
  const texts = (causes as readonly JsonObject[]).map(
    (cause) => `${String(cause['field'])}: ${String(cause['reason'])}`,
  );
  return {
    kind: 'Status',
    status: status ?? '',
    reason,
    code,
    name,
    about: kind,
    causes: [...new Set(texts)].toSorted(),
  };
}

function replaceText(value: Json, text: string, by: string): Json {
  return JSON.parse(JSON.stringify(value).replaceAll(text, by)) as Json;
}

/** The version of an object or a list that was answered. */
export function versionOf({ value }: Answer): string {
  const metadata = value['metadata'] as JsonObject | undefined;
  return (metadata?.['resourceVersion'] as string | undefined) ?? '';
}

/** An object with other metadata members beside its own. */
export function withMetadata({ value }: Answer, metadata: JsonObject): JsonObject {
  return { ...value, metadata: { ...(value['metadata'] as JsonObject), ...metadata } };
}
