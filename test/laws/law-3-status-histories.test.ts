/**
 * Laws 3 and 10 in drawn histories: attempts that begin, end and vanish, a host that fails in every way, an API that refuses and
 * loses answers, a process that dies again and again. What the host saw is never out of order, and in the end it is the truth.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { isTerminal } from '../../src/forge/forge.ts';
import { ApiStatusError } from '../../src/kube/api-error.ts';
import { context, ReportRig } from '../support/report-rig.ts';

const seeds = 80;
const eventsMax = 30;
const minute = 60_000;
/** Longest pause between two tries, and then some. */
const healMs = 40 * minute;
const reasons = [
  'Succeeded',
  'Failed',
  'PipelineRunTimeout',
  'Cancelled',
  'EvidenceLost',
  'CouldntGetPipeline',
] as const;

const stateByReason: Readonly<Record<string, string>> = {
  Succeeded: 'succeeded',
  Failed: 'failed',
  PipelineRunTimeout: 'timed_out',
  Cancelled: 'cancelled',
  EvidenceLost: 'lost',
  CouldntGetPipeline: 'error',
};

interface Attempt {
  readonly name: string;
  readonly number: number;
  ended?: string;
  deleted?: true;
}

class History {
  readonly rig: ReportRig;
  readonly attempts: Attempt[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.rig = new ReportRig({ likeGitLab: this.#chance(50) });
    const { rig } = this;
    rig.dies = () => this.#chance(1);
    rig.losesAnswer = () => this.#chance(5);
    rig.refuses = (_method, path) => {
      if (!path.includes('commitstatuses') || !this.#chance(10)) return undefined;
      const reason =
        (['Conflict', 'InternalError', 'TooManyRequests'] as const)[this.#random.integer(0, 2)] ?? 'Conflict';
      return new ApiStatusError(reason, 'drawn');
    };
  }

  async play(): Promise<void> {
    const { rig } = this;
    await rig.repository();
    await rig.start();
    const events = this.#random.integer(5, eventsMax);
    for (let index = 0; index < events; index++) {
      await this.#event();
      await rig.settle(
        this.#random.integer(0, 3) === 0 ? this.#random.integer(0, 10 * minute) : this.#random.integer(0, 200),
      );
      if (!rig.isAlive) await rig.restart();
    }
    await this.#heal();
  }

  async #event(): Promise<void> {
    const { rig } = this;
    switch (this.#random.integer(0, 9)) {
      case 0:
      case 1:
        return this.#begin();
      case 2:
      case 3:
        return this.#end(this.#live());
      case 4:
        return this.#delete(this.#live());
      case 5:
        rig.host.down = !rig.host.down;
        return;
      case 6:
        rig.host.expired = !rig.host.expired;
        return;
      case 7:
        rig.host.next('post', { kind: this.#chance(50) ? 'accepted-but-500' : 'unavailable' });
        return;
      case 8:
        rig.host.next('post', { kind: 'limited', retryAfterMs: this.#random.integer(1_000, 5 * minute) });
        return;
      default:
        rig.kill();
    }
  }

  /** Another attempt; older ones may still go on. */
  async #begin(): Promise<void> {
    const number = this.attempts.length + 1;
    const attempt: Attempt = { name: `build-${String(number).padStart(2, '0')}`, number };
    this.attempts.push(attempt);
    await this.rig.run(attempt.name, { attempt: number });
    if (this.#chance(70)) await this.rig.begin(attempt.name);
  }

  async #end(attempt: Attempt | undefined): Promise<void> {
    if (attempt === undefined || attempt.ended !== undefined) return;
    attempt.ended = reasons[this.#random.integer(0, reasons.length - 1)] ?? 'Failed';
    await this.rig.end(attempt.name, attempt.ended);
  }

  async #delete(attempt: Attempt | undefined): Promise<void> {
    if (attempt === undefined || !this.#chance(40)) return;
    attempt.deleted = true;
    await this.rig.deleteRun(attempt.name);
  }

  #live(): Attempt | undefined {
    const live = this.attempts.filter(({ deleted }) => deleted === undefined);
    return live[this.#random.integer(0, Math.max(0, live.length - 1))];
  }

  /** Everything works again, and what runs comes to its end. */
  async #heal(): Promise<void> {
    const { rig } = this;
    Object.assign(rig, { dies: () => false, losesAnswer: () => false, refuses: () => undefined });
    rig.host.down = false;
    rig.host.expired = false;
    rig.host.forgetFaults();
    for (const attempt of this.attempts) if (attempt.deleted === undefined) await this.#end(attempt);
    if (!rig.isAlive) await rig.restart();
    await rig.settle(healMs);
  }

  #chance(percent: number): boolean {
    return this.#random.integer(0, 99) < percent;
  }
}

async function check({ rig, attempts }: History, seed: number): Promise<void> {
  const told = rig.host.seen(context);
  const text = `seed ${seed}: ${told.map(({ externalId, state }) => `${externalId} ${state}`).join(', ')}`;
  for (const [index, seen] of told.entries()) {
    const before = told[index - 1];
    if (before === undefined) continue;
    assert.ok(seen.externalId >= before.externalId, `an older attempt is never shown after a newer one; ${text}`);
    const goesBack = seen.externalId === before.externalId && isTerminal(before.state) && !isTerminal(seen.state);
    assert.ok(!goesBack, `what has ended does not go on; ${text}`);
    const isSaidAgain = seen.externalId === before.externalId && seen.state === before.state;
    assert.ok(!isSaidAgain || rig.likeGitLab, `what was taken is read, not said again; ${text}`);
  }
  if (attempts.length === 0) return assert.equal(told.length, 0);
  const status = await rig.only();
  // Of a run that was deleted before anything of it could be written nobody knows.
  const newest = attempts.findLast(({ deleted, number }) => deleted === undefined || number <= status.spec.attempt);
  assert.ok(newest !== undefined && newest.number === status.spec.attempt, text);
  const last = told.at(-1);
  assert.ok(last !== undefined, text);
  // A host that keeps no more of a status than these cannot tell two attempts that ended alike, and nobody can.
  const looksAlike = rig.likeGitLab && last.title === status.spec.report.title;
  assert.ok(last.externalId === newest.name || looksAlike, `not of ${newest.name}; ${text}`);
  // The end of a run that was deleted may have been seen by nobody.
  const allowed = [
    ...(newest.ended === undefined ? [] : [stateByReason[newest.ended]]),
    ...(newest.deleted === undefined ? [] : ['cancelled']),
  ];
  assert.ok(allowed.includes(last.state), `${last.state} is not ${allowed.join(' or ')}; ${text}`);
  assert.equal(rig.delivered(status)?.status, 'True', text);
  assert.equal(status.spec.report.state, last.state, text);
}

describe('laws 3 and 10: statuses in drawn histories', () => {
  it(`are in order, and true in the end (${seeds} seeds)`, async () => {
    let told = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const history = new History(seed);
      await history.play();
      await check(history, seed);
      told += history.rig.host.seen(context).length;
      history.rig.kill();
    }
    assert.ok(told > seeds * 2, `the histories tell something: ${told}`);
  });
});
