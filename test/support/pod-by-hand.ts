/** A pod on a node that has no kubelet: the test says what happened to it. */
import { toRfc3339 } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ApiClient, DeleteOptions } from '../../src/client/api-client.ts';
import { pods } from '../../src/kube/core-types.ts';
import type { ObjectKey } from '../../src/kube/object.ts';
import type { ContainerStateTerminated, Pod, PodStatus } from '../../src/kube/pod.ts';
import { objectPath } from '../../src/kube/resource.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { nodeLabel } from './simulated-nodes.ts';

/** A node that nobody keeps. */
const unkeptNode = 'by-hand';

/** Labels of a run whose pods go to that node. */
export const byHand: Readonly<Record<string, string>> = { [nodeLabel]: unkeptNode };

/** How a container is: its exit code, the whole end of it, running, or what it waits for. */
export type Shown =
  | number
  | Partial<ContainerStateTerminated>
  | 'running'
  | { readonly waiting: string; readonly message?: string };

/** The instant `seconds` before now, as the API writes it. */
export function secondsAgo(seconds: number): string {
  return toRfc3339(systemClock.now() - seconds * 1000);
}

/** A pod whose kubelet and whose enemies are the test. */
export class PodByHand {
  readonly key: ObjectKey;
  readonly #client: ApiClient;
  readonly #transport: Transport;

  constructor(client: ApiClient, transport: Transport, key: ObjectKey) {
    this.key = key;
    this.#client = client;
    this.#transport = transport;
  }

  read(): Promise<Pod> {
    return this.#client.get(pods, this.key);
  }

  /** Writes members of the status as a kubelet does. */
  async write(status: JsonObject): Promise<void> {
    await this.#client.patch(pods, this.key, { status }, { type: 'merge', subresource: 'status' });
  }

  /** Shows containers as told, in the order told, whatever the order of the spec; those not named are not shown. */
  async show(
    phase: PodStatus['phase'] & string,
    shown: Readonly<Record<string, Shown>>,
    more: JsonObject = {},
  ): Promise<void> {
    const { spec } = await this.read();
    const initial = new Set((spec.initContainers ?? []).map(({ name }) => name));
    const statuses = Object.entries(shown).map(([name, one]) => ({ name, ...statusOf(one) }));
    await this.write({
      phase,
      startTime: secondsAgo(100),
      initContainerStatuses: statuses.filter(({ name }) => initial.has(name)),
      containerStatuses: statuses.filter(({ name }) => !initial.has(name)),
      ...more,
    });
  }

  delete(options?: DeleteOptions): Promise<void> {
    return this.#client.delete(pods, this.key, options);
  }

  /** What the kubelet does when nothing of a deleted pod runs any more. */
  confirmDeletion(): Promise<void> {
    return this.delete({ gracePeriodSeconds: 0 });
  }

  /** The evil that takes the finalizer off, too. */
  async vanish(): Promise<void> {
    await this.delete({ gracePeriodSeconds: 0 });
    await this.#client.patch(pods, this.key, { metadata: { finalizers: null } }, { type: 'merge' });
  }

  /** Asks the Eviction API; resolves with the HTTP status. */
  async evict(): Promise<number> {
    const { namespace, name } = this.key;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    const headers = { 'content-type': 'application/json' };
    const path = objectPath(pods, this.key, 'eviction');
    return (await this.#transport({ method: 'POST', path, query: {}, headers, body })).status;
  }
}

function statusOf(shown: Shown): JsonObject {
  const image = { image: 'simulated', imageID: '', restartCount: 0, ready: false };
  if (shown === 'running') return { ...image, ready: true, state: { running: { startedAt: secondsAgo(90) } } };
  if (typeof shown === 'object' && 'waiting' in shown) {
    const { waiting: reason, message } = shown;
    return { ...image, state: { waiting: { reason, ...(message === undefined ? {} : { message }) } } };
  }
  const end = typeof shown === 'number' ? { exitCode: shown } : shown;
  const { exitCode = 0 } = end;
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const times = { startedAt: secondsAgo(90), finishedAt: secondsAgo(80) };
  return { ...image, state: { terminated: { exitCode, reason, ...times, ...end } } };
}
