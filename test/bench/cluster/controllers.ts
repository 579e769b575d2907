/** The controllers as a process of their own, started by `../cluster.ts`, which it answers over the channel between them. */
import { systemClock } from '../../../src/base/system-clock.ts';
import { systemRandom } from '../../../src/base/system-random.ts';
import { createClient } from '../../../src/client/client.ts';
import { Manager } from '../../../src/controller/manager.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { createHttpTransport } from '../../../src/net/http-transport.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { CallCounter } from '../engine/call-counter.ts';

/** What the controllers have done and cost since they were told to forget it. */
export interface ControllerFigures {
  readonly calls: readonly (readonly [name: string, count: number])[];
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** First `ready`; then figures, for each question. */
export type ControllerAnswer = 'ready' | ControllerFigures;

interface Access {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly token: string;
}

const access = JSON.parse(process.argv[2] ?? '{}') as Access;
const transport = createHttpTransport({ ...access, clock: systemClock });
const counter = new CallCounter();
const client = createClient(counter.observe(transport));
const parts = { client, clock: systemClock, random: systemRandom, logger: silentLogger };
const manager = new Manager(parts);
createEngine(parts).register(manager);
let cpuStart = process.cpuUsage();

process.on('message', (question) => {
  const cpu = process.cpuUsage(cpuStart);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  answer({ calls: counter.counts(), cpuMs: (cpu.user + cpu.system) / 1000, peakBytes });
  if (question !== 'reset') return;
  counter.reset();
  cpuStart = process.cpuUsage();
});
process.on('disconnect', () => {
  void manager.stop().then(() => transport.close());
});
await manager.start();
answer('ready');

function answer(message: ControllerAnswer): void {
  process.send?.(message);
}
