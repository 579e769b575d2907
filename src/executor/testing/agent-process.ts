/**
 * A program for tests: an agent in a process of its own, which can be killed. Arguments: a JSON object
 * `{ directory, isolation, spec }`. Runs one pod with uid `victim`, and says `running` when its log says `ready`.
 */
import { systemClock as clock } from '../../base/system-clock.ts';
import { systemRandom as random } from '../../base/system-random.ts';
import type { PodSpec } from '../../kube/pod.ts';
import { silentLogger as logger } from '../../telemetry/logger.ts';
import { createNodeAgent } from '../node-agent/node-agent.ts';
import type { Isolation } from '../process/isolation.ts';
import { ProcessRuntime } from '../process/process-runtime.ts';
import { MemoryCluster, testNode } from './memory-cluster.ts';

interface Arguments {
  readonly directory: string;
  readonly isolation: Isolation;
  readonly spec: PodSpec;
}

const { directory, isolation, spec } = JSON.parse(process.argv[2] ?? '') as Arguments;
const cluster = new MemoryCluster();
const runtime = new ProcessRuntime({ clock, random, logger, directory: `${directory}/runtime`, isolation });
const parts = { client: cluster.client, host: cluster, runtime, clock, random, logger, directory };
const agent = createNodeAgent({ ...parts, nodeName: testNode });
await agent.start();
const pod = cluster.createPod('victim', spec, { uid: 'victim' });
await cluster.until(() => cluster.pod('victim')?.status?.phase === 'Running');
for await (const chunk of agent.podLogs?.open(pod, 'step', { follow: true, timestamps: false }) ?? []) {
  if (Buffer.from(chunk).includes('ready')) process.stdout.write('running\n');
}
