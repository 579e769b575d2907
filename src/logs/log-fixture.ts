/** A cluster in memory whose logs are followed, for tests: pods that write, a node that is hard to reach, a store. */
import { deferred } from '../base/deferred.ts';
import { seededRandom, type Random } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import type { ApiClient, LogOptions } from '../client/api-client.ts';
import type { InformerHandler } from '../controller/contract.ts';
import { ApiStatusError } from '../kube/api-error.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { ContainerStatus, Pod } from '../kube/pod.ts';
import { MemoryLogger } from '../telemetry/memory-logger.ts';
import { LogArchive } from './log-archive.ts';
import { identityOf } from './log-format.ts';
import { holdingFinalizer, LogKeeper, type LogKeeperHost, type LogKeeperOptions } from './log-keeper.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';

/** What a container wrote: raw bytes with the instant of each write. */
interface Written {
  readonly stamp: string;
  readonly text: string;
}

interface NodeLog {
  lines: Written[];
  ended: boolean;
  waiting: (() => void)[];
}

/** How a read of a log goes wrong. */
export interface ReadFault {
  /** Thrown instead of an answer. */
  readonly refuse?: Error;
  /** The stream ends after so many bytes, as if the log did; or it breaks there. */
  readonly cutAfter?: number;
  readonly breaks?: boolean;
  /** The stream stays open and silent there. */
  readonly hangs?: boolean;
}

/** One namespace with pods, their node and the keeper of their logs. */
export class LogFixture {
  readonly clock: VirtualClock = new VirtualClock();
  readonly logger: MemoryLogger = new MemoryLogger();
  readonly random: Random;
  readonly store: MemoryBlobStore;
  readonly secrets: Map<string, string> = new Map();
  /** Decides how the next read goes. */
  fault: () => ReadFault = () => ({});
  /** Most bytes of one chunk of a stream. */
  chunkBytesMax: number = 1000;
  reads: number = 0;
  readonly #pods = new Map<string, Pod>();
  readonly #logs = new Map<string, NodeLog>();
  #handlers: InformerHandler<Pod>[] = [];

  constructor(seed: number = 1) {
    this.random = seededRandom(seed);
    this.store = new MemoryBlobStore(this.clock);
  }

  /** A keeper that sees the pods of now on. `startKeeper` again after {@link abandonKeepers} is a restart. */
  startKeeper(options: Partial<LogKeeperOptions> = {}): LogKeeper {
    const { clock, random, logger, store } = this;
    const keeper = new LogKeeper({ client: this.client(), clock, random, logger, store, ...options });
    const host: LogKeeperHost = {
      informer: <T extends KubeObject>() => ({
        addHandler: (handler: InformerHandler<T>) => this.#addHandler(handler as unknown as InformerHandler<Pod>),
      }),
    };
    keeper.register(host);
    return keeper;
  }

  /** From now on no keeper that runs is told of anything: its process is gone, or will wake up with an old view. */
  abandonKeepers(): void {
    this.#handlers = [];
  }

  archive(keeper?: LogKeeper): LogArchive {
    return new LogArchive(this.store, keeper);
  }

  /** Makes a pod whose containers wait. */
  createPod(name: string, containers: readonly string[], extra: Partial<Pod['spec']> = {}): Pod {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace: 'ns',
        name,
        uid: `uid-${name}`,
        labels: { 'tekton.dev/taskRun': `run-${name}` },
        finalizers: [holdingFinalizer],
      },
      spec: { nodeName: 'node', containers: containers.map((container) => ({ name: container })), ...extra },
    };
    return this.put(pod);
  }

  put(pod: Pod): Pod {
    const name = pod.metadata.name ?? '';
    const previous = this.#pods.get(name);
    this.#pods.set(name, pod);
    for (const handler of this.#handlers) {
      if (previous === undefined) handler.added?.(pod);
      else handler.updated?.(previous, pod);
    }
    return pod;
  }

  pod(name: string): Pod {
    const found = this.#pods.get(name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  }

  removePod(name: string): void {
    const pod = this.pod(name);
    this.#pods.delete(name);
    for (const handler of this.#handlers) handler.deleted?.(pod);
  }

  start(name: string, container: string): void {
    this.#log(name, container);
    this.#setState(name, container, { running: { startedAt: '2026-01-01T00:00:00Z' } });
  }

  /** Writes a line (its text with its line end, if it has one). */
  write(name: string, container: string, text: string, stamp: string = this.stamp()): void {
    const log = this.#log(name, container);
    log.lines.push({ stamp, text });
    this.#wake(log);
  }

  end(name: string, container: string, tellsPod: boolean = true): void {
    const log = this.#log(name, container);
    log.ended = true;
    this.#wake(log);
    if (tellsPod) this.#setState(name, container, { terminated: { exitCode: 0 } });
  }

  /** The node forgets the first `count` lines: rotation. */
  rotate(name: string, container: string, count: number): void {
    const log = this.#log(name, container);
    log.lines = log.lines.slice(count);
  }

  /** An instant of now with nanoseconds. */
  stamp(nanos: number = this.random.integer(0, 999_999)): string {
    return `${new Date(this.clock.now()).toISOString().slice(0, 23)}${String(nanos).padStart(6, '0')}Z`;
  }

  /** What is stored of a log, as text. */
  async stored(name: string, container: string, keeper?: LogKeeper): Promise<string> {
    const chunks: Uint8Array[] = [];
    const identity = identityOf({ ...this.#lastPod(name) }, container);
    for await (const chunk of this.archive(keeper).read(identity)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  /** What the container has written, as text. */
  written(name: string, container: string): string {
    return this.#log(name, container)
      .lines.map(({ text }) => text)
      .join('');
  }

  /** A client of this cluster; only what the keeper calls. */
  client(): ApiClient {
    const get = (_type: unknown, { name }: ObjectKey): Promise<unknown> => {
      const value = this.secrets.get(name);
      if (value === undefined) return Promise.reject(new ApiStatusError('NotFound', `secrets "${name}" not found`));
      const data = { key: Buffer.from(value).toString('base64') };
      return Promise.resolve({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data });
    };
    const podLog = (key: ObjectKey, options: LogOptions = {}): AsyncIterable<Uint8Array> => this.#read(key, options);
    return { get, podLog } as unknown as ApiClient;
  }

  #lastPod(name: string): Pod {
    const metadata = { namespace: 'ns', name, uid: `uid-${name}`, labels: { 'tekton.dev/taskRun': `run-${name}` } };
    return this.#pods.get(name) ?? { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } };
  }

  async *#read(key: ObjectKey, options: LogOptions): AsyncGenerator<Uint8Array> {
    this.reads++;
    await Promise.resolve();
    const fault = this.fault();
    if (fault.refuse) throw fault.refuse;
    if (!this.#pods.has(key.name)) throw new ApiStatusError('NotFound', `pods "${key.name}" not found`);
    const log = this.#logs.get(`${key.name}/${options.container ?? ''}`);
    if (log === undefined) throw new ApiStatusError('BadRequest', 'container is waiting to start');
    let left = fault.cutAfter ?? Infinity;
    for await (const bytes of this.#stream(log, options)) {
      for (let at = 0; at < bytes.length;) {
        const size = Math.min(this.random.integer(1, this.chunkBytesMax), bytes.length - at, left);
        if (size > 0) yield bytes.subarray(at, at + size);
        at += size;
        left -= size;
        if (left > 0) continue;
        if (fault.hangs) await aborted(options.signal);
        if (fault.breaks) throw new Error('the connection broke');
        return;
      }
    }
  }

  async *#stream(log: NodeLog, options: LogOptions): AsyncGenerator<Buffer> {
    const since = options.sinceTime?.slice(0, 19) ?? '';
    let given: Written | undefined;
    let atLineStart = true;
    for (;;) {
      const from = given === undefined ? 0 : log.lines.indexOf(given) + 1;
      for (const line of log.lines.slice(from)) {
        given = line;
        if (line.stamp < since) continue;
        yield Buffer.from(atLineStart ? `${line.stamp} ${line.text}` : line.text);
        atLineStart = line.text.endsWith('\n');
      }
      if (!options.follow || log.ended || options.signal?.aborted) return;
      if (log.lines.at(-1) === given) await Promise.race([changed(log), aborted(options.signal)]);
    }
  }

  #addHandler(handler: InformerHandler<Pod>): void {
    this.#handlers.push(handler);
    for (const pod of this.#pods.values()) handler.added?.(pod);
  }

  #log(name: string, container: string): NodeLog {
    const key = `${name}/${container}`;
    const log = this.#logs.get(key) ?? { lines: [], ended: false, waiting: [] };
    this.#logs.set(key, log);
    return log;
  }

  #wake(log: NodeLog): void {
    for (const wake of log.waiting.splice(0)) wake();
  }

  #setState(name: string, container: string, state: NonNullable<ContainerStatus['state']>): void {
    const pod = this.#pods.get(name);
    if (pod === undefined) return;
    const others = (pod.status?.containerStatuses ?? []).filter((status) => status.name !== container);
    const status = { name: container, state, ready: false, restartCount: 0, image: '', imageID: '' };
    this.put({ ...pod, status: { ...pod.status, containerStatuses: [...others, status] } });
  }
}

function changed(log: NodeLog): Promise<void> {
  return new Promise((resolve) => {
    log.waiting.push(resolve);
  });
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = deferred<void>();
  if (signal?.aborted) resolve();
  signal?.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/** Runs `clock` until `isDone`, or throws after `limitMs` of its time. */
export async function runUntil(clock: VirtualClock, isDone: () => boolean, limitMs: number = 3_600_000): Promise<void> {
  const endMs = clock.monotonicMs() + limitMs;
  while (!isDone()) {
    if (clock.monotonicMs() > endMs) throw new Error('it did not happen');
    await clock.advance(Math.max(1, Math.min(clock.nextTimerMs() ?? 1000, 1000)));
  }
}
