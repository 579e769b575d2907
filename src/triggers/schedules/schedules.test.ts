import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { createApiServer } from '../../apiserver/api-server.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { createClient } from '../../client/client.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { Manager } from '../../controller/manager.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { type Repository, type Schedule, repositories, scheduleMemoryName } from '../../forge/kinds/repository.ts';
import { configMaps, namespaces } from '../../kube/core-types.ts';
import type { ApiRequest, Transport } from '../../kube/transport.ts';
import { servedKinds } from '../../schema/served-kinds.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { missedMsMax } from './due.ts';
import { registerSchedules } from './schedule-controller.ts';

const hourMs = 3_600_000;
const systemNamespace = 'penstock';

/** Schedules in one or more replicas, on an API server in memory, in virtual time that begins on Saturday 2026-03-28, 12:00 UTC. */
class Rig {
  readonly clock: VirtualClock = new VirtualClock({
    startMs: Date.UTC(2026, 2, 28, 12),
    settle: async () => {
      for (let turn = 0; turn < 4; turn++) await setImmediate();
    },
  });
  readonly told: string[] = [];
  readonly #transport: Transport;
  readonly client: ApiClient;
  /** Throws what a call of a replica is to fail with. */
  before: (request: ApiRequest) => void = () => undefined;
  #managers: Manager[] = [];

  constructor() {
    const parts = { clock: this.clock, random: seededRandom(1), logger: silentLogger };
    this.#transport = createApiServer({ ...parts, store: createMemoryStore(), kinds: servedKinds }).handle;
    this.client = createClient(this.#transport);
  }

  static async with(schedules: readonly Schedule[]): Promise<Rig> {
    const rig = new Rig();
    for (const name of [systemNamespace, 'ci']) {
      await rig.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    await rig.client.create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { name: 'app', namespace: 'ci' },
      spec: { url: 'https://gitlab.com/team/app', schedules },
    });
    return rig;
  }

  async start(replicas = 1): Promise<void> {
    for (let replica = 0; replica < replicas; replica++) {
      const client = createClient((request) => {
        this.before(request);
        return this.#transport(request);
      });
      const parts = { client, clock: this.clock, random: seededRandom(replica), logger: silentLogger };
      const host = new Manager({ ...parts, stopGraceMs: 0 });
      const tell = (_about: Repository, _type: string, reason: string, message: string): void =>
        void this.told.push(`${reason}: ${message}`);
      registerSchedules({ ...parts, host, systemNamespace, events: { tell } });
      this.#managers.push(host);
      void host.start();
    }
    await this.clock.advance(0);
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.#managers.map((manager) => manager.stop()));
    this.#managers = [];
    await this.clock.advance(1);
    await stopped;
  }

  async change(schedules: readonly Schedule[]): Promise<void> {
    await this.client.patch(repositories, { namespace: 'ci', name: 'app' }, { spec: { schedules } } as never, {
      type: 'merge',
    });
    await this.clock.advance(0);
  }

  async deliveries(): Promise<readonly Delivery[]> {
    return (await this.client.list(deliveries, { namespace: systemNamespace })).items;
  }

  /** The instants for which something was started, in order, to the minute. */
  async instants(): Promise<readonly string[]> {
    const at = (await this.deliveries()).map(({ spec }) => spec.events[0]?.schedule?.at.slice(0, 16) ?? '');
    return at.toSorted();
  }
}

const nightly: Schedule = { name: 'nightly', cron: '30 2 * * *', timeZone: 'Europe/Berlin', params: { level: 'full' } };

describe('schedules', () => {
  it('start something whenever they are due, also when clocks change', async () => {
    const rig = await Rig.with([nightly]);
    await rig.start();
    await rig.clock.advance(48 * hourMs);
    assert.deepEqual(await rig.instants(), ['2026-03-29T01:00', '2026-03-30T00:30']);
    const [{ metadata, spec }] = (await rig.deliveries()) as [Delivery];
    assert.match(metadata.name ?? '', /^schedule-[0-9a-f]{24}$/);
    assert.equal(spec.verifiedBy, 'ci/app');
    const { project, schedule, trigger, forge } = spec.events[0] ?? assert.fail();
    assert.deepEqual([trigger, forge, project.url], ['schedule', 'gitlab', 'https://gitlab.com/team/app']);
    assert.deepEqual({ ...schedule, at: '' }, { name: 'nightly', branch: '', at: '', params: { level: 'full' } });
    await rig.stop();
  });

  it('start it once, whoever looks, and when a replica dies before it could note that', async () => {
    const rig = await Rig.with([{ name: 'hourly', cron: '@hourly', branch: 'main', pipelineRun: 'build' }]);
    let failures = 0;
    rig.before = ({ method, path }) => {
      if (method !== 'PATCH' || !path.includes('configmaps') || failures++ % 2 === 0) return;
      throw new Error('the note was lost');
    };
    await rig.start(2);
    await rig.clock.advance(3 * hourMs + 60_000);
    assert.deepEqual(await rig.instants(), ['2026-03-28T13:00', '2026-03-28T14:00', '2026-03-28T15:00']);
    assert.ok(failures > 2);
    await rig.stop();
  });

  it('make up for the latest instant that was missed, and for no other', async () => {
    const rig = await Rig.with([{ name: 'hourly', cron: '@hourly' }]);
    await rig.start();
    await rig.clock.advance(hourMs);
    await rig.stop();
    await rig.clock.advance(5 * hourMs + 60_000);
    await rig.start();
    await rig.clock.advance(60_000);
    assert.deepEqual(await rig.instants(), ['2026-03-28T13:00', '2026-03-28T18:00']);
    await rig.stop();
  });

  it('do not make up for what is too long ago', async () => {
    const rig = await Rig.with([nightly]);
    await rig.start();
    await rig.stop();
    // Due at 01:00 of the 29th.
    await rig.clock.advance(13 * hourMs + missedMsMax + 60_000);
    await rig.start();
    await rig.clock.advance(60_000);
    assert.deepEqual(await rig.instants(), []);
    await rig.clock.advance(24 * hourMs);
    assert.deepEqual(await rig.instants(), ['2026-03-30T00:30']);
    await rig.stop();
  });

  it('are not started again when what they started has been removed', async () => {
    const rig = await Rig.with([{ name: 'hourly', cron: '@hourly' }]);
    await rig.start();
    await rig.clock.advance(hourMs);
    await rig.client.deleteCollection(deliveries, { namespace: systemNamespace });
    await rig.stop();
    await rig.start();
    await rig.clock.advance(60_000);
    assert.deepEqual(await rig.instants(), []);
    await rig.stop();
  });

  it('have no past when they are new, say something new, or go on', async () => {
    const rig = await Rig.with([{ name: 'a', cron: '0 11 * * *' }]);
    await rig.start();
    await rig.change([
      { name: 'a', cron: '30 11 * * *' },
      { name: 'b', cron: '@hourly', suspend: true },
    ]);
    await rig.clock.advance(3 * hourMs + 60_000);
    assert.deepEqual(await rig.instants(), []);
    await rig.change([{ name: 'b', cron: '@hourly' }]);
    await rig.clock.advance(hourMs);
    assert.deepEqual(await rig.instants(), ['2026-03-28T16:00']);
    const { data } = await rig.client.get(configMaps, { namespace: systemNamespace, name: scheduleMemoryName });
    assert.deepEqual(
      Object.keys(data ?? {}).map((key) => key.split('.')[1]),
      ['b'],
      'those that are gone are forgotten',
    );
    await rig.client.delete(repositories, { namespace: 'ci', name: 'app' });
    await rig.clock.advance(2 * hourMs);
    assert.equal((await rig.instants()).length, 1);
    const left = await rig.client.get(configMaps, { namespace: systemNamespace, name: scheduleMemoryName });
    assert.deepEqual(left.data ?? {}, {});
    await rig.stop();
  });

  it('that cannot be read are told of once, and do not keep others from starting', async () => {
    const rig = await Rig.with([
      { name: 'bad', cron: '61 * * * *' },
      { name: 'lost', cron: '@hourly', timeZone: 'Mars/Olympus' },
      { name: 'good', cron: '@hourly' },
    ]);
    await rig.start();
    await rig.clock.advance(2 * hourMs);
    assert.equal((await rig.instants()).length, 2);
    assert.equal(rig.told.length, 2);
    assert.match(rig.told[0] ?? '', /^ScheduleInvalid: schedule "bad" never starts: cron "61 \* \* \* \*": .*61/);
    assert.match(rig.told[1] ?? '', /timeZone "Mars\/Olympus"/);
    await rig.stop();
  });

  it('follow a clock that is set', async () => {
    const rig = await Rig.with([nightly]);
    await rig.start();
    rig.clock.jump(13 * hourMs);
    await rig.clock.advance(300_000);
    assert.deepEqual(await rig.instants(), ['2026-03-29T01:00']);
    rig.clock.jump(-5 * hourMs);
    await rig.clock.advance(6 * hourMs);
    assert.deepEqual(await rig.instants(), ['2026-03-29T01:00'], 'never twice');
    await rig.stop();
  });
});
