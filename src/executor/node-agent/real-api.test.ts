/** The node agent against the real API server, client and caches. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createApiServer, type ApiServer } from '../../apiserver/api-server.ts';
import { systemClock as clock } from '../../base/system-clock.ts';
import { systemRandom as random } from '../../base/system-random.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { createClient } from '../../client/client.ts';
import { Manager } from '../../controller/manager.ts';
import { isApiError } from '../../kube/api-error.ts';
import { leases, nodes, persistentVolumeClaims, pods } from '../../kube/core-types.ts';
import type { Pod, PodSpec } from '../../kube/pod.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { silentLogger as logger } from '../../telemetry/logger.ts';
import { PodLogs } from '../logs/pod-logs.ts';
import { probeIsolation } from '../process/isolation.ts';
import { ProcessRuntime } from '../process/process-runtime.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import { SimulatedRuntime } from '../simulated/simulated-runtime.ts';
import { createNodeAgent, type NodeAgent } from './node-agent.ts';

const nodeName = 'here';
const namespace = 'default';

class Home implements AsyncDisposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'penstock-home-'));
  readonly server: ApiServer;
  readonly client: ApiClient;
  readonly manager: Manager;
  readonly agent: NodeAgent;

  constructor(makeRuntime: (directory: string) => ContainerRuntime) {
    const podLogs = new PodLogs({ directory: join(this.directory, 'logs'), clock, logger });
    const store = createMemoryStore();
    this.server = createApiServer({ store, clock, random, logger, podLogs });
    this.client = createClient(this.server.handle);
    this.manager = new Manager({ client: this.client, clock, random, logger });
    const { client, manager: host, directory } = this;
    const runtime = makeRuntime(join(directory, 'runtime'));
    this.agent = createNodeAgent({ client, host, runtime, clock, random, logger, nodeName, directory, podLogs });
  }

  async start(): Promise<this> {
    await this.server.start();
    await this.agent.start();
    await this.manager.start();
    return this;
  }

  create(name: string, spec: PodSpec): Promise<Pod> {
    const metadata = { name, namespace };
    return this.client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { restartPolicy: 'Never', nodeName, ...spec },
    });
  }

  /** The pod once `condition` holds; `undefined` once it is gone. */
  async until(name: string, condition: (pod: Pod) => boolean): Promise<Pod | undefined> {
    const fieldSelector = `metadata.name=${name}`;
    const list = await this.client.list(pods, { namespace, fieldSelector });
    const [first] = list.items;
    if (first === undefined || condition(first)) return first;
    const { resourceVersion } = list.metadata;
    const stop = new AbortController();
    for await (const event of this.client.watch(pods, {
      namespace,
      fieldSelector,
      resourceVersion,
      signal: stop.signal,
    })) {
      if (event.type === 'DELETED') return undefined;
      if (event.type !== 'BOOKMARK' && condition(event.object)) return event.object;
    }
    throw new Error('the watch ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.stop();
    await this.manager.stop();
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

const isOver = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

describe('a node agent on the real API server', () => {
  it('runs a process, serves its log through the API, and lets a deleted pod go', async () => {
    const isolation = await probeIsolation();
    const runtime = (directory: string): ContainerRuntime =>
      new ProcessRuntime({ directory, clock, random, logger, isolation });
    await using home = await new Home(runtime).start();
    await home.create('real', {
      containers: [{ name: 'step', image: 'any', command: ['sh', '-c', 'echo to the log'] }],
    });
    const pod = await home.until('real', isOver);
    assert.equal(pod?.status?.phase, 'Succeeded');
    let text = '';
    for await (const chunk of home.client.podLog({ namespace, name: 'real' }, { container: 'step' }))
      text += Buffer.from(chunk).toString();
    assert.equal(text, 'to the log\n');
    await home.client.delete(pods, { namespace, name: 'real' });
    assert.equal(await home.until('real', () => false), undefined);
  });

  it('stops what runs when its pod is deleted, and then lets it go', async () => {
    const runtime = new SimulatedRuntime({
      clock,
      random,
      behaviour: () => ({ durationMs: Infinity, onTerminate: 0 }),
    });
    await using home = await new Home(() => runtime).start();
    await home.create('endless', { containers: [{ name: 'step', image: 'any' }] });
    await home.until('endless', (pod) => pod.status?.phase === 'Running');
    await home.client.delete(pods, { namespace, name: 'endless' });
    assert.equal(await home.until('endless', () => false), undefined);
    assert.equal(runtime.running, 0);
  });

  it('registers its node with a lease, and binds claims', async () => {
    const runtime = new SimulatedRuntime({ clock, random, behaviour: () => ({}) });
    await using home = await new Home(() => runtime).start();
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const metadata = { name: 'cache', namespace };
    await home.client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec,
    });
    const claim = await eventually(async () => {
      const found = await home.client.get(persistentVolumeClaims, metadata);
      return found.status?.phase === 'Bound' ? found : undefined;
    });
    assert.deepEqual(claim.status?.['capacity'], { storage: '1Gi' });
    const lease = await eventually(async () => {
      try {
        return await home.client.get(leases, { namespace: 'kube-node-lease', name: nodeName });
      } catch (error) {
        if (isApiError(error, 'NotFound')) return undefined;
        throw error;
      }
    });
    assert.equal(lease.spec?.holderIdentity, nodeName);
    const node = await home.client.get(nodes, { namespace: '', name: nodeName });
    assert.equal(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  });
});

async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await attempt();
    if (value !== undefined) return value;
    await new Promise<void>((resolve) => clock.schedule(5, resolve));
  }
}
