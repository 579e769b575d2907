import { fromRfc3339 } from '../../base/clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { scheduleMemoryName } from '../../forge/kinds/repository.ts';
import { isApiError } from '../../kube/api-error.ts';
import { configMaps } from '../../kube/core-types.ts';
import type { ScheduleMemory } from './due.ts';

/**
 * How far each schedule is, in a ConfigMap: a key for each, so that none is in the way of another. Only the leader writes.
 * Were it lost, nothing would be started twice: Deliveries of schedules have names that say when they were due.
 */
export class ScheduleMemories {
  readonly #client: ApiClient;
  readonly #namespace: string;
  #known: Map<string, ScheduleMemory> | undefined;

  constructor(options: { readonly client: ApiClient; readonly systemNamespace: string }) {
    this.#client = options.client;
    this.#namespace = options.systemNamespace;
  }

  /** What is remembered of the schedule `name` of the Repository with this uid. */
  async of(uid: string, name: string): Promise<ScheduleMemory | undefined> {
    return (await this.#load()).get(keyOfSchedule(uid, name));
  }

  async put(uid: string, name: string, memory: ScheduleMemory): Promise<void> {
    await this.#patch({ [keyOfSchedule(uid, name)]: textOf(memory) });
    (await this.#load()).set(keyOfSchedule(uid, name), memory);
  }

  /** Forgets all schedules of the Repository with this uid but those named. */
  async keepOnly(uid: string, names: readonly string[]): Promise<void> {
    const known = await this.#load();
    const kept = new Set(names.map((name) => keyOfSchedule(uid, name)));
    const gone = [...known.keys()].filter((key) => key.startsWith(`${uid}.`) && !kept.has(key));
    if (gone.length === 0) return;
    await this.#patch(Object.fromEntries(gone.map((key) => [key, null])));
    for (const key of gone) known.delete(key);
  }

  async #load(): Promise<Map<string, ScheduleMemory>> {
    if (this.#known !== undefined) return this.#known;
    const data = await this.#read();
    this.#known = new Map(
      Object.entries(data).flatMap(([key, text]) => {
        const memory = memoryOf(text);
        return memory === undefined ? [] : [[key, memory]];
      }),
    );
    return this.#known;
  }

  async #read(): Promise<Readonly<Record<string, string>>> {
    const key = { namespace: this.#namespace, name: scheduleMemoryName };
    try {
      return (await this.#client.get(configMaps, key)).data ?? {};
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
      return {};
    }
  }

  async #patch(data: Readonly<Record<string, string | null>>): Promise<void> {
    const key = { namespace: this.#namespace, name: scheduleMemoryName };
    try {
      await this.#client.patch(configMaps, key, { data }, { type: 'merge' });
    } catch (thrown) {
      if (!isApiError(thrown, 'NotFound')) throw thrown;
      const metadata = { ...key, labels: { 'app.kubernetes.io/managed-by': 'penstock' } };
      const written = Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== null);
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: Object.fromEntries(written) };
      await this.#client.create(configMaps, object);
    }
  }
}

/** Fit for the key of a ConfigMap: names of schedules are, and so are uids. */
function keyOfSchedule(uid: string, name: string): string {
  return `${uid}.${name}`;
}

function textOf({ fingerprint, doneMs }: ScheduleMemory): string {
  return `${new Date(doneMs).toISOString()} ${fingerprint}`;
}

/** What cannot be read is forgotten, and begins anew. */
function memoryOf(text: string): ScheduleMemory | undefined {
  const [instant = '', fingerprint = ''] = text.split(' ');
  const doneMs = fromRfc3339(instant);
  return doneMs === undefined || fingerprint === '' ? undefined : { doneMs, fingerprint };
}
