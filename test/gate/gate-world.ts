/** Real API server, engine, gates and node agent in memory and in virtual time, with replicas that crash. */
import { strict as assert } from 'node:assert';
import { setImmediate } from 'node:timers/promises';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { localPlacement } from '../../src/app/local-placement.ts';
import { AbortedError, sleep } from '../../src/base/clock.ts';
import { deferred } from '../../src/base/deferred.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { createNodeAgent } from '../../src/executor/node-agent/node-agent.ts';
import { SimulatedRuntime } from '../../src/executor/simulated/simulated-runtime.ts';
import { gateAdmission } from '../../src/gate/admission.ts';
import { createGate } from '../../src/gate/create-gate.ts';
import { type Gate, gates } from '../../src/gate/types.ts';
import type { RawWatchEvent, Transport } from '../../src/kube/transport.ts';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { tektonAdmission } from '../../src/tekton/admission.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { LawChecker } from './law-checker.ts';
import { observedStore } from './observed-store.ts';
import { servedKinds } from '../../src/schema/served-kinds.ts';

/** Something is broken on purpose: what a party sends and gets goes through this. */
export interface Sabotage {
  readonly gate?: (transport: Transport) => Transport;
  readonly engine?: (transport: Transport) => Transport;
  readonly withoutTektonAdmission?: true;
}

/** Who can crash. */
export type Part = 'gate 0' | 'gate 1' | 'engine';

/** How unreliable the calls of controllers are. */
export interface Faults {
  /** Of a hundred writes, so many are not made and as many are made but not answered. */
  readonly lostPercent: number;
  /** Longest delay of a watch event, in milliseconds. */
  readonly watchDelayMsMax: number;
}

/** The whole, from one seed. */
export class GateWorld {
  readonly clock: VirtualClock = new VirtualClock({ settle });
  readonly random: Random;
  readonly checker: LawChecker;
  /** Without faults: what people do. */
  readonly people: ApiClient;
  faults: Faults = { lostPercent: 5, watchDelayMsMax: 1_500 };
  readonly #sabotage: Sabotage;
  readonly #transport: Transport;
  readonly #parts = new Map<Part | 'node', Manager>();
  #knownGates: readonly Gate[] = [];

  constructor(seed: number, sabotage: Sabotage = {}) {
    this.random = seededRandom(seed);
    this.#sabotage = sabotage;
    this.checker = new LawChecker(() => this.clock.now());
    const admission = [
      ...(sabotage.withoutTektonAdmission ? [] : [tektonAdmission()]),
      gateAdmission(() => this.#knownGates),
      localPlacement('node'),
    ];
    const server = createApiServer({
      store: observedStore(createMemoryStore(), this.checker.observe),
      clock: this.clock,
      random: this.random,
      logger: silentLogger,
      kinds: servedKinds,
      admission,
    });
    this.#transport = server.handle;
    this.people = createClient(server.handle);
  }

  /** Starts everything. */
  async start(): Promise<void> {
    await this.#startNode();
    for (const part of ['engine', 'gate 0', 'gate 1'] as const) this.startPart(part);
    await this.clock.advance(100);
  }

  /** Admission sees the gates as they are now. */
  async refreshGates(): Promise<void> {
    this.#knownGates = (await this.people.list(gates)).items;
  }

  /** Starts a part that is not there, or anew. */
  startPart(part: Part): void {
    const sabotage = part === 'engine' ? this.#sabotage.engine : this.#sabotage.gate;
    const client = createClient((sabotage ?? same)(this.#unreliable()));
    const common = { client, clock: this.clock, random: this.random, logger: silentLogger };
    const manager = new Manager({ ...common, stopGraceMs: 0 });
    if (part === 'engine') createEngine(common).register(manager);
    else createGate({ ...common, host: manager });
    this.#run(part, manager);
  }

  /** Ends a part in the middle of whatever it does. */
  crash(part: Part): void {
    void this.#parts.get(part)?.stop();
    this.#parts.delete(part);
  }

  async #startNode(): Promise<void> {
    const common = { client: this.people, clock: this.clock, random: this.random, logger: silentLogger };
    const manager = new Manager(common);
    const behaviour = (): { durationMs: number; exitCode: number } => ({
      durationMs: this.random.integer(200, 8_000),
      exitCode: this.random.integer(0, 9) === 0 ? 1 : 0,
    });
    const runtime = new SimulatedRuntime({ clock: this.clock, random: this.random, behaviour });
    const agent = createNodeAgent({ ...common, host: manager, runtime, nodeName: 'node', maxPods: 1_000 });
    this.#run('node', manager);
    await agent.start();
  }

  #run(part: Part | 'node', manager: Manager): void {
    this.#parts.set(part, manager);
    void manager.start().catch((thrown: unknown) => assert.ok(thrown instanceof AbortedError, String(thrown)));
  }

  /** The API as a controller reaches it. */
  #unreliable(): Transport {
    return async (request) => {
      const lot = request.method === 'GET' ? 100 : this.random.integer(0, 99);
      if (lot < this.faults.lostPercent) throw new Error('the call was lost');
      const response = await this.#transport(request);
      if (lot < 2 * this.faults.lostPercent) throw new Error('the answer was lost');
      if (response.body.kind !== 'watch') return response;
      return { ...response, body: { kind: 'watch', events: this.#late(response.body.events, request.signal) } };
    };
  }

  /** Each event comes a little late, in order; however many there are, none is later than the most. */
  async *#late(events: AsyncIterable<RawWatchEvent>, signal: AbortSignal | undefined): AsyncIterable<RawWatchEvent> {
    const buffer: { readonly event: RawWatchEvent; readonly dueMs: number }[] = [];
    let news = deferred<void>();
    const source = { ended: false };
    let dueMs = 0;
    const reading = (async () => {
      for await (const event of events) {
        dueMs = Math.max(dueMs, this.clock.monotonicMs() + this.random.integer(0, this.faults.watchDelayMsMax));
        buffer.push({ event, dueMs });
        news.resolve();
      }
    })().finally(() => {
      source.ended = true;
      news.resolve();
    });
    while (!source.ended || buffer.length > 0) {
      const next = buffer.shift();
      if (next) {
        const delayMs = next.dueMs - this.clock.monotonicMs();
        if (delayMs > 0) await sleep(this.clock, delayMs, signal);
        yield next.event;
      } else {
        await news.promise;
        news = deferred<void>();
      }
    }
    await reading;
  }
}

const same = (transport: Transport): Transport => transport;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
}
