/** A node agent with the process runtime on a {@link MemoryCluster}, in a directory of its own: for tests. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/system-clock.ts';
import { systemRandom } from '../../base/system-random.ts';
import type { PodLogOptions } from '../../kube/pod-log-source.ts';
import type { Container, ContainerStatus, Pod } from '../../kube/pod.ts';
import type { LogFields, Logger } from '../../telemetry/logger.ts';
import { createNodeAgent, type NodeAgent, type NodeAgentOptions } from '../node-agent/node-agent.ts';
import { probeIsolation, probeUnshare, type Isolation } from '../process/isolation.ts';
import { ProcessRuntime, type ProcessRuntimeOptions } from '../process/process-runtime.ts';
import { MemoryCluster, testNode } from './memory-cluster.ts';

/** Plain host processes, as on a machine without namespaces. */
export const plainIsolation: Isolation = { kind: 'none', why: 'the test asks for it' };

/** The ways a test can run on this machine; the sandbox is left out, and said so, where it cannot be had. */
export async function isolationsHere(): Promise<
  readonly { readonly label: string; readonly isolation: Isolation; readonly skip: string | false }[]
> {
  const [found, unshare] = await Promise.all([probeIsolation(), probeUnshare()]);
  const skip = (isolation: Isolation): string | false => (isolation.kind === 'none' ? isolation.why : false);
  return [
    { label: 'in a sandbox', isolation: found, skip: skip(found) },
    { label: 'in a sandbox of unshare', isolation: unshare, skip: skip(unshare) },
    { label: 'as plain processes', isolation: plainIsolation, skip: false },
  ];
}

/** Collects what is logged, as text. */
export class CollectingLogger implements Logger {
  readonly lines: string[] = [];
  debug(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  child(): Logger {
    return this;
  }
  #add(message: string, fields: LogFields = {}): void {
    const text = JSON.stringify(fields, (_key, value: unknown) =>
      value instanceof Error ? `${value.name}: ${value.message}` : value,
    );
    this.lines.push(`${message} ${text}`);
  }
}

/** Options of the agent, and of its runtime. */
export interface FixtureOptions extends Partial<NodeAgentOptions> {
  readonly process?: Partial<ProcessRuntimeOptions>;
}

/** An agent, what it runs on, and shorthands. Dispose of it: `await using`. */
export class AgentFixture implements AsyncDisposable {
  readonly cluster: MemoryCluster;
  readonly directory: string;
  readonly agent: NodeAgent;
  readonly logger: CollectingLogger = new CollectingLogger();
  #stopped = false;

  constructor(isolation: Isolation, options: FixtureOptions = {}, before?: AgentFixture) {
    this.cluster = before?.cluster ?? new MemoryCluster();
    this.directory = before?.directory ?? mkdtempSync(join(tmpdir(), 'penstock-executor-'));
    const shared = { clock: systemClock, random: systemRandom, logger: this.logger };
    const directory = join(this.directory, 'runtime');
    const runtime = new ProcessRuntime({ ...shared, directory, isolation, ...options.process });
    const { client } = this.cluster;
    this.agent = createNodeAgent({
      ...shared,
      client,
      host: this.cluster,
      runtime,
      nodeName: testNode,
      directory: this.directory,
      ...options,
    });
  }

  static async start(isolation: Isolation, options: FixtureOptions = {}): Promise<AgentFixture> {
    const fixture = new AgentFixture(isolation, options);
    await fixture.agent.start();
    return fixture;
  }

  /** Stops this agent as a shutdown does, and starts the next one on the same cluster and directory. */
  async restart(isolation: Isolation, options: FixtureOptions = {}): Promise<AgentFixture> {
    this.#stopped = true;
    await this.agent.stop();
    const next = new AgentFixture(isolation, options, this);
    await next.agent.start();
    return next;
  }

  /** Runs a pod of one container that executes `script` with the shell; resolves with its final object. */
  runScript(
    name: string,
    script: string,
    container: Partial<Container> = {},
    spec: Partial<Pod['spec']> = {},
  ): Promise<Pod> {
    this.cluster.createPod(name, {
      containers: [{ name: 'step', command: ['/bin/sh', '-c', script], ...container }],
      ...spec,
    });
    return this.cluster.finished(name);
  }

  /** A container's log as text. */
  async log(pod: Pod, container = 'step', options: Partial<PodLogOptions> = {}): Promise<string> {
    const chunks: Uint8Array[] = [];
    const source = this.agent.podLogs?.open(pod, container, { follow: false, timestamps: false, ...options });
    for await (const chunk of source ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopped) return;
    await this.agent.stop();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The status of a container, init or not. */
export function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
}
