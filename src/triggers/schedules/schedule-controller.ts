/** Starts definitions at given times: a Delivery for each instant at which a schedule is due. */
import type { Clock } from '../../base/clock.ts';
import type { ApiClient } from '../../client/api-client.ts';
import type { ControllerHost, Lister, ReconcileResult, Reconciler } from '../../controller/contract.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { hashOf } from '../../forge/kinds/identity.ts';
import { type Repository, type Schedule, repositories } from '../../forge/kinds/repository.ts';
import { isApiError } from '../../kube/api-error.ts';
import { keyOf, keyText, type ObjectKey } from '../../kube/object.ts';
import { stableJson } from '../../base/json.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { deliveryObject, keptPayload, sha256 } from '../inbox/new-delivery.ts';
import { placeOf } from '../own-event.ts';
import { CronError, cronTimes } from './cron.ts';
import { dueInstant, fingerprintOf } from './due.ts';
import { ScheduleMemories } from './schedule-memory.ts';

/** A schedule is looked at at least so often, in milliseconds: the clock on the wall may be set. */
export const scheduleLookMs = 300_000;

/** What {@link registerSchedules} needs. */
export interface SchedulesOptions {
  readonly client: ApiClient;
  readonly host: ControllerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly systemNamespace: string;
  /** Tells the owners of a Repository. */
  readonly events: { tell(repository: Repository, type: 'Warning', reason: string, message: string): void };
}

/** Registers the controller `schedules`. */
export function registerSchedules(options: SchedulesOptions): void {
  const cache = options.host.informer(repositories);
  const reconciler = new ScheduleReconciler(options, cache);
  const queue = options.host.controller({ name: 'schedules', reconciler, workers: 1 });
  const look = (repository: Repository): void => queue.add(keyOf(repository));
  cache.addHandler({
    added: look,
    updated: (_previous, repository) => look(repository),
    deleted: (repository) => {
      reconciler.forget(repository);
      look(repository);
    },
  });
}

class ScheduleReconciler implements Reconciler {
  readonly #options: SchedulesOptions;
  readonly #repositories: Lister<Repository>;
  readonly #memories: ScheduleMemories;
  /** Schedules that cannot be read, so that their owners are told once. */
  readonly #complained = new Set<string>();
  readonly #gone: string[] = [];

  constructor(options: SchedulesOptions, cache: Lister<Repository>) {
    this.#options = options;
    this.#repositories = cache;
    this.#memories = new ScheduleMemories(options);
  }

  forget({ metadata }: Repository): void {
    this.#gone.push(metadata.uid ?? '');
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    for (let uid = this.#gone.shift(); uid !== undefined; uid = this.#gone.shift()) {
      await this.#memories.keepOnly(uid, []);
    }
    const repository = this.#repositories.get(key);
    if (repository === undefined || repository.metadata.deletionTimestamp !== undefined) return {};
    const { schedules = [] } = repository.spec ?? {};
    const names = schedules.map(({ name }) => name);
    await this.#memories.keepOnly(repository.metadata.uid ?? '', names);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const schedule of schedules) {
      nextMs = Math.min(nextMs, (await this.#attend(repository, schedule)) ?? Number.POSITIVE_INFINITY);
    }
    if (nextMs === Number.POSITIVE_INFINITY) return {};
    const waitMs = Math.max(1, nextMs - this.#options.clock.now());
    return { requeueAfterMs: Math.min(waitMs, scheduleLookMs) };
  }

  /** Does what is due; answers when something will be next. */
  async #attend(repository: Repository, schedule: Schedule): Promise<number | undefined> {
    const { uid = '' } = repository.metadata;
    const nowMs = this.#options.clock.now();
    const fingerprint = fingerprintOf(schedule);
    const known = await this.#memories.of(uid, schedule.name);
    // A new schedule, or one that says something new, has no past to make up for.
    const doneMs = known?.fingerprint === fingerprint ? known.doneMs : nowMs;
    if (known?.fingerprint !== fingerprint) await this.#memories.put(uid, schedule.name, { fingerprint, doneMs });
    if (schedule.suspend) return undefined;
    const times = this.#timesOf(repository, schedule);
    const due = times && dueInstant(times, doneMs, nowMs);
    if (due !== undefined) {
      await this.#start(repository, schedule, due.atMs, due.missed);
      await this.#memories.put(uid, schedule.name, { fingerprint, doneMs: due.atMs });
    }
    return times?.next(nowMs);
  }

  /** Admission refuses what cannot be read; a cluster may have taken it before. */
  #timesOf(repository: Repository, schedule: Schedule): ReturnType<typeof cronTimes> | undefined {
    const { cron, timeZone } = schedule;
    try {
      return cronTimes(cron, timeZone);
    } catch (thrown) {
      if (!(thrown instanceof CronError)) throw thrown;
      const mark = `${repository.metadata.uid ?? ''} ${schedule.name} ${fingerprintOf(schedule)}`;
      if (!this.#complained.has(mark)) {
        this.#complained.add(mark);
        const value = thrown.part === 'cron' ? cron : (timeZone ?? '');
        const message = `schedule "${schedule.name}" never starts: ${thrown.part} "${value}": ${thrown.message}`;
        this.#options.events.tell(repository, 'Warning', 'ScheduleInvalid', message);
      }
      return undefined;
    }
  }

  async #start(repository: Repository, schedule: Schedule, atMs: number, missed: number): Promise<void> {
    const { client, logger, systemNamespace, clock } = this.#options;
    const delivery = await scheduleDelivery(repository, schedule, atMs, systemNamespace, clock.now());
    const fields = {
      repository: keyText(keyOf(repository)),
      schedule: schedule.name,
      at: new Date(atMs).toISOString(),
    };
    if (delivery === undefined) return logger.warn('a schedule of a Repository without address is due', fields);
    if (missed > 0) logger.warn('a schedule was due more than once while nothing ran here', { ...fields, missed });
    try {
      await client.create(deliveries, delivery);
      logger.info('a schedule is due', fields);
    } catch (thrown) {
      // Another replica, or we ourselves before a crash.
      if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
    }
  }
}

/**
 * The Delivery of one instant of a schedule. Its name says which instant of which schedule: made by two, it is one.
 * undefined = the Repository has no usable address.
 */
async function scheduleDelivery(
  repository: Repository,
  schedule: Schedule,
  atMs: number,
  namespace: string,
  nowMs: number,
): Promise<Delivery | undefined> {
  const place = placeOf(repository);
  if (place === undefined) return undefined;
  const { uid = '' } = repository.metadata;
  const { name, branch = '', pipelineRun, params = {} } = schedule;
  const at = new Date(atMs).toISOString();
  const asked = { name, branch, at, ...(pipelineRun === undefined ? {} : { pipelineRun }), params };
  const body = Buffer.from(stableJson({ repository: keyText(keyOf(repository)), schedule: asked }));
  return deliveryObject(`schedule-${hashOf(['schedule', uid, name, at]).slice(0, 24)}`, namespace, {
    forge: place.forge,
    eventName: 'schedule',
    bodyHash: sha256(body),
    receivedAt: new Date(nowMs).toISOString(),
    events: [
      {
        trigger: 'schedule',
        eventType: 'schedule',
        occurrence: `${name} ${at}`,
        actor: { login: 'schedule' },
        schedule: asked,
        ...place,
      },
    ],
    headers: {},
    ...(await keptPayload(body)),
    verifiedBy: keyText(keyOf(repository)),
  });
}
