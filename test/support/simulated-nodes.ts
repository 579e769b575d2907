/** What runs pods beside a real API server: a scheduler of one rule, and a kubelet whose containers are timers. */
import type { Clock } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import { createNodeAgent } from '../../src/executor/node-agent/node-agent.ts';
import type { ContainerPlan } from '../../src/executor/runtime/container-runtime.ts';
import { type SimulatedBehaviour, SimulatedRuntime } from '../../src/executor/simulated/simulated-runtime.ts';
import { pods } from '../../src/kube/core-types.ts';
import { keyText } from '../../src/kube/object.ts';
import type { Pod } from '../../src/kube/pod.ts';
import { objectPath } from '../../src/kube/resource.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

/** The node of the simulated kubelet. */
export const simulatedNode = 'simulated';

/** Label of a pod that wants another node: one that a test plays itself, or {@link noNode}. */
export const nodeLabel = 'test.penstock.dev/node';
/** The value of {@link nodeLabel} of a pod that finds no node. */
export const noNode = 'none';

/** What {@link startSimulatedNodes} needs. */
export interface SimulatedNodesOptions {
  /** The scheduler's and the kubelet's way to the API. */
  readonly transport: Transport;
  /** What a container does; by default it ends well at once. */
  readonly behaviour?: (plan: ContainerPlan) => SimulatedBehaviour;
  readonly maxPods?: number;
  /** Real time by default. */
  readonly clock?: Clock;
  /** Told what went wrong in placing a pod. */
  readonly onError: (error: unknown) => void;
}

/** Starts both. */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<AsyncDisposable> {
  const { transport, behaviour = () => ({}), maxPods = 100_000, clock = systemClock, onError } = options;
  const parts = { clock, random: systemRandom, logger: silentLogger };
  const client = createClient(transport);
  const host = new Manager({ ...parts, client });
  const runtime = new SimulatedRuntime({ ...parts, behaviour });
  const agent = createNodeAgent({ ...parts, client, host, runtime, nodeName: simulatedNode, maxPods });
  const place = placementOf(transport, onError);
  host.informer(pods).addHandler({ added: place });
  await agent.start();
  await host.start();
  return {
    async [Symbol.asyncDispose]() {
      await agent.stop();
      await host.stop();
    },
  };
}

function placementOf(transport: Transport, onError: (error: unknown) => void): (pod: Pod) => void {
  return (pod) => {
    const node = pod.metadata.labels?.[nodeLabel] ?? simulatedNode;
    if (pod.spec.nodeName || node === noNode) return;
    bind(transport, pod, node).catch(onError);
  };
}

async function bind(transport: Transport, pod: Pod, node: string): Promise<void> {
  const { name = '', namespace = '' } = pod.metadata;
  const target = { apiVersion: 'v1', kind: 'Node', name: node };
  const body: JsonObject = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
  const path = objectPath(pods, { namespace, name }, 'binding');
  const headers = { 'content-type': 'application/json' };
  const answer = await transport({ method: 'POST', path, query: {}, headers, body });
  // Gone in the meantime, or placed by a watch that was opened anew.
  if (answer.status < 300 || answer.status === 404 || answer.status === 409) return;
  throw new Error(`cannot place ${keyText({ namespace, name })}: ${JSON.stringify(answer.body)}`);
}
