import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbortedError, sleep } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import { type Random, seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { createClient } from '../client/client.ts';
import type { Lease } from '../kube/core-types.ts';
import type { ApiRequest, Transport } from '../kube/transport.ts';
import { type LogLine, MemoryLogger } from '../telemetry/memory-logger.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { type Lead, LeaderElection, type LeaderTerm } from './leader-election.ts';
import { electionTimes } from './lease-record.ts';
import { MemoryLeases, PausableProcess } from './memory-leases.ts';
import { FencedError, fencedTransport } from './write-fence.ts';

const lease = { namespace: 'ci', name: 'penstock' };

function world() {
  const clock = new VirtualClock();
  return { clock, api: new MemoryLeases() };
}

type World = ReturnType<typeof world>;

/** Leads until told to stop. */
const leadUntilStopped: Lead = ({ signal }) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

function candidate(
  { clock, api }: World,
  identity: string,
  options: { transport?: Transport; lead?: Lead; lines?: LogLine[] } = {},
) {
  const process = new PausableProcess(clock);
  const terms: LeaderTerm[] = [];
  const stop = new AbortController();
  const election = new LeaderElection({
    client: createClient(options.transport ?? api.handle),
    clock: process,
    random: seededRandom(identity.length),
    logger: options.lines === undefined ? silentLogger : new MemoryLogger(options.lines),
    lease,
    identity,
  });
  const ended = election.run(stop.signal, (term) => {
    terms.push(term);
    return (options.lead ?? leadUntilStopped)(term);
  });
  return { process, terms, stop, election, ended };
}

const specOf = ({ api }: World): NonNullable<Lease['spec']> => (api.lease as unknown as Lease).spec ?? {};

describe('LeaderElection', () => {
  it('takes a lease that is not there, renews it, and gives it back when stopped', async () => {
    const here = world();
    const one = candidate(here, 'one');
    await here.clock.advance(0);
    assert.equal(one.terms.length, 1);
    assert.equal(one.terms[0]?.fence.isOpen(), true);
    const { renewTime, acquireTime, ...rest } = specOf(here);
    assert.deepEqual(rest, { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
    assert.equal(acquireTime, '2026-01-01T00:00:00.000000Z');
    await here.clock.advance(60_000);
    assert.notEqual(specOf(here).renewTime, renewTime);
    assert.equal(one.terms.length, 1);
    assert.equal(specOf(here).leaseTransitions, 0);
    one.stop.abort();
    await here.clock.advance(0);
    await one.ended;
    assert.equal(specOf(here).holderIdentity, '');
    assert.equal(one.terms[0]?.fence.isOpen(), false);
  });

  it('renews while the leader comes to its end, and gives the lease back only then', async () => {
    const here = world();
    const finish = deferred<void>();
    const one = candidate(here, 'one', { lead: () => finish.promise });
    const two = candidate(here, 'two');
    await here.clock.advance(3_000);
    one.stop.abort();
    await here.clock.advance(40_000);
    assert.equal(one.terms[0]?.signal.aborted, true);
    assert.equal(one.terms[0]?.fence.isOpen(), true);
    assert.equal(specOf(here).holderIdentity, 'one');
    finish.resolve();
    await here.clock.advance(0);
    assert.equal(one.terms[0]?.fence.isOpen(), false);
    await here.clock.advance(3_000);
    assert.equal(two.terms.length, 1);
    assert.equal(two.terms[0]?.number, 1);
    two.stop.abort();
    await here.clock.advance(0);
    await Promise.all([one.ended, two.ended]);
  });

  it('waits for the end of the lease of a leader that died, by its own clock, however wrong the clocks are', async () => {
    const here = world();
    const one = candidate(here, 'one');
    await here.clock.advance(0);
    const two = candidate(here, 'two');
    two.process.jump(3_600_000);
    one.process.jump(-3_600_000);
    await here.clock.advance(10_000);
    assert.equal(two.terms.length, 0);
    one.process.pause();
    await here.clock.advance(12_000);
    assert.equal(two.terms.length, 0, 'the lease has not ended yet');
    await here.clock.advance(8_000);
    assert.equal(two.terms.length, 1);
  });

  it('a leader that slept through its lease stops, stands by, and can lead again', async () => {
    const here = world();
    const [one, two] = [candidate(here, 'one'), candidate(here, 'two')];
    await here.clock.advance(5_000);
    const [leader, other] = one.terms.length === 1 ? [one, two] : [two, one];
    const fence = leader.terms[0]?.fence;
    leader.process.pause();
    await here.clock.advance(60_000);
    assert.equal(other.terms.length, 1);
    assert.equal(fence?.isOpen(), false, 'closed before anything of it has run');
    leader.process.resume();
    await here.clock.advance(5_000);
    assert.equal(leader.terms[0]?.signal.aborted, true);
    assert.equal(leader.terms.length, 1);
    other.stop.abort();
    await here.clock.advance(5_000);
    assert.equal(leader.terms.length, 2);
    assert.equal(leader.terms[1]?.fence.isOpen(), true);
  });

  it('stops by itself when the lease cannot be renewed, before others may take it', async () => {
    const here = world();
    let broken = false;
    const lines: LogLine[] = [];
    const transport: Transport = (request) => (broken ? new Promise(() => undefined) : here.api.handle(request));
    const one = candidate(here, 'one', { transport, lines });
    await here.clock.advance(10_000);
    broken = true;
    await here.clock.advance(electionTimes.renewMs);
    assert.equal(one.terms[0]?.signal.aborted, true);
    assert.ok(lines.some(({ message }) => message === 'leadership is lost: the lease was not renewed in time'));
    broken = false;
    await here.clock.advance(10_000);
    assert.equal(one.terms.length, 2, 'nobody else took it: it leads again');
  });

  it('survives faults that are shorter than its patience, and answers that got lost', async () => {
    const here = world();
    let calls = 0;
    const random = seededRandom(7);
    const transport: Transport = async (request) => {
      calls++;
      if (random.integer(1, 12) === 1) throw new Error('connection refused');
      const answer = await here.api.handle(request);
      if (random.integer(1, 12) === 1) throw new Error('the answer got lost');
      return answer;
    };
    const one = candidate(here, 'one', { transport });
    await here.clock.advance(300_000);
    assert.equal(one.terms.length, 1);
    assert.equal(one.terms[0]?.signal.aborted, false);
    assert.ok(calls > 100);
  });

  it('gives way at once to whoever has been written into its lease', async () => {
    const here = world();
    const one = candidate(here, 'one');
    await here.clock.advance(1_000);
    here.api.put({ spec: { ...specOf(here), holderIdentity: 'operator' } });
    await here.clock.advance(3_000);
    assert.equal(one.terms[0]?.signal.aborted, true);
    assert.equal(one.election.status().leader, 'operator');
    assert.equal(specOf(here).holderIdentity, 'operator');
  });

  it('does not mind changes of the lease that are none of the holder', async () => {
    const here = world();
    const one = candidate(here, 'one');
    await here.clock.advance(1_000);
    here.api.put({ spec: specOf(here), note: 'touched' });
    await here.clock.advance(20_000);
    assert.equal(one.terms[0]?.signal.aborted, false);
    here.api.lease = undefined;
    await here.clock.advance(20_000);
    assert.equal(one.terms[0]?.signal.aborted, false, 'a lease that was deleted is made again');
    one.process.pause();
    const two = candidate(here, 'two');
    for (let second = 0; second < 18; second++) {
      await here.clock.advance(1_000);
      here.api.put({ spec: specOf(here), note: String(second) });
    }
    assert.equal(two.terms.length, 1, 'a note is no sign of life');
  });

  it('throws what its leader throws, and gives the lease back', async () => {
    const here = world();
    const one = candidate(here, 'one', { lead: () => Promise.reject(new Error('a bug')) });
    await assert.rejects(one.ended, /a bug/);
    assert.equal(specOf(here).holderIdentity, '');
  });
});

const histories = 8;
const processCount = 3;
const historyMs = 600_000;

/** Waits up to a second most of the time, and a minute now and then: longer than any lease. */
function latencyMs(random: Random): number {
  return random.integer(1, 40) === 1 ? random.integer(1_000, 60_000) : random.integer(0, 200);
}

/** What happens to a process: it is paused or its wall clock is set, again and again. */
async function trouble(clock: VirtualClock, process: PausableProcess, random: Random): Promise<void> {
  for (;;) {
    await sleep(clock, random.integer(1_000, 60_000));
    if (random.integer(1, 3) === 1) {
      process.jump(random.integer(-100_000, 100_000));
      continue;
    }
    process.pause();
    await sleep(clock, random.integer(1, 40_000));
    process.resume();
  }
}

/** A network that is slow, loses requests and answers, and is down altogether at times. */
function badNetwork(api: MemoryLeases, clock: VirtualClock, process: PausableProcess, random: Random): Transport {
  let downUntilMs = 0;
  return async (request) => {
    if (random.integer(1, 60) === 1) downUntilMs = clock.monotonicMs() + random.integer(1_000, 30_000);
    await sleep(clock, latencyMs(random));
    const lost = clock.monotonicMs() < downUntilMs || random.integer(1, 20) === 1;
    if (lost) {
      await process.running();
      throw new Error('connection refused');
    }
    const answer = await api.handle(request);
    await sleep(clock, latencyMs(random));
    await process.running();
    if (random.integer(1, 20) === 1) throw new Error('the answer got lost');
    return answer;
  };
}

interface History {
  /** Writes that passed a fence. */
  readonly writes: number;
  readonly fenced: number;
  readonly terms: number;
}

/** Some processes under all sorts of trouble, each of which writes as often as it can while it believes to lead. */
async function playHistory(seed: number): Promise<History> {
  const { clock, api } = world();
  const random = seededRandom(seed);
  const counts = { writes: 0, fenced: 0, terms: 0 };
  const open = new Map<string, LeaderTerm>();
  const write: ApiRequest = { method: 'POST', path: '/api/v1/namespaces/ci/pods', query: {}, headers: {} };
  for (let index = 0; index < processCount; index++) {
    const identity = `process-${index}`;
    const process = new PausableProcess(clock);
    const election = new LeaderElection({
      client: createClient(badNetwork(api, clock, process, random)),
      clock: process,
      random,
      logger: silentLogger,
      lease,
      identity,
    });
    const lead: Lead = async (term) => {
      counts.terms++;
      open.set(identity, term);
      const send = fencedTransport(async () => {
        counts.writes++;
        for (const [other, { fence }] of open) {
          if (other !== identity) assert.equal(fence.isOpen(), false, `seed ${seed}: ${other} may write as well`);
        }
        return Promise.resolve({ status: 201, headers: {}, body: { kind: 'json', value: {} } });
      }, term.fence);
      while (!term.signal.aborted) {
        await send(write).catch((thrown: unknown) => {
          if (!(thrown instanceof FencedError || thrown instanceof AbortedError)) throw thrown;
          counts.fenced++;
        });
        await sleep(process, random.integer(50, 1_500));
      }
      // The end takes its time too, and something is tried still.
      await sleep(process, random.integer(0, 20_000));
      await send(write).catch(() => counts.fenced++);
    };
    const running = election.run(new AbortController().signal, lead);
    running.catch((thrown: unknown) => failures.push(thrown));
    void trouble(clock, process, random);
  }
  const failures: unknown[] = [];
  await clock.advance(historyMs);
  assert.deepEqual(failures, []);
  return counts;
}

describe('LeaderElection under pauses, wrong clocks and a bad network', () => {
  it('never lets two processes write at a time', async () => {
    const total = { writes: 0, fenced: 0, terms: 0 };
    for (let seed = 1; seed <= histories; seed++) {
      const { writes, fenced, terms } = await playHistory(seed);
      total.writes += writes;
      total.fenced += fenced;
      total.terms += terms;
    }
    // The histories must have been full of events, else they show nothing.
    assert.ok(total.writes > 3_000 && total.fenced > 20 && total.terms > 60, JSON.stringify(total));
  });
});
