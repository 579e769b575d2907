/** The calls the server's own loops make, through the same door as every client. */
import type { JsonObject } from '../../base/json.ts';
import { ApiStatusError, isApiError } from '../../kube/api-error.ts';
import type { ObjectKey, UnknownObject } from '../../kube/object.ts';
import { collectionPath, objectPath, type ResourceType } from '../../kube/resource.ts';
import type { ApiRequest, Transport } from '../../kube/transport.ts';
import type { PropagationPolicy } from '../write/deletion.ts';

/** Typed calls over a {@link Transport}; each rejects with {@link ApiStatusError} when the API refuses. */
export class ApiCalls {
  readonly #transport: Transport;
  readonly #agent: string;

  /** `agent` is the field manager that writes are recorded under. */
  constructor(transport: Transport, agent: string) {
    this.#transport = transport;
    this.#agent = agent;
  }

  /** Creates an object; one that exists already is left as it is. */
  async createIfAbsent(type: ResourceType, object: UnknownObject): Promise<void> {
    const path = collectionPath(type, object.metadata.namespace);
    try {
      await this.#call({ method: 'POST', path, body: object as unknown as JsonObject });
    } catch (thrown) {
      if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
    }
  }

  /** Deletes the object with this uid, as it was at `resourceVersion` if one is given. One that is gone already is fine. */
  async remove(
    type: ResourceType,
    key: ObjectKey,
    options: { uid?: string; resourceVersion?: string; propagationPolicy?: PropagationPolicy },
  ): Promise<void> {
    const { uid, resourceVersion, propagationPolicy = 'Background' } = options;
    const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, preconditions };
    await this.#unlessGone(this.#call({ method: 'DELETE', path: objectPath(type, key), body }));
  }

  /** Applies a merge patch. An object that is gone already is fine. */
  async patch(type: ResourceType, key: ObjectKey, patch: JsonObject): Promise<void> {
    const headers = { 'content-type': 'application/merge-patch+json' };
    await this.#unlessGone(this.#call({ method: 'PATCH', path: objectPath(type, key), body: patch, headers }));
  }

  /** Replaces an object or a subresource of it. An object that is gone already is fine. */
  async replace(type: ResourceType, object: UnknownObject, subresource?: string): Promise<void> {
    const key = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
    const path = objectPath(type, key, subresource);
    await this.#unlessGone(this.#call({ method: 'PUT', path, body: object as unknown as JsonObject }));
  }

  async #call(
    request: Pick<ApiRequest, 'method' | 'path' | 'body'> & { headers?: ApiRequest['headers'] },
  ): Promise<void> {
    const headers = { 'user-agent': this.#agent, ...request.headers };
    const answer = await this.#transport({ ...request, query: {}, headers });
    if (answer.status < 400) return;
    throw ApiStatusError.fromStatus(answer.body.kind === 'json' ? answer.body.value : {}, answer.status);
  }

  async #unlessGone(call: Promise<void>): Promise<void> {
    try {
      await call;
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
    }
  }
}
