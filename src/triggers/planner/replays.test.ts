/** Whatever is told how often, in whatever order, and whatever gets lost on the way: each occurrence has one run a definition. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { GitEvent } from '../../forge/git-event.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { ConnectionError } from '../../net/connection-error.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { definition, onPush, PlannerRig } from '../../../test/support/planner-rig.ts';

const files = { '.tekton/a.yaml': definition('a', onPush), '.tekton/b.yaml': definition('b-', onPush) };
const commits = 3;
const occasions = 2;
const histories = 30;

/** One thing that happens. */
type Step =
  | { readonly kind: 'told'; readonly commit: number; readonly occasion: number }
  | { readonly kind: 'crash' }
  | { readonly kind: 'passed'; readonly ms: number };

interface History {
  readonly steps: readonly Step[];
  /** Which writes get lost: before they are carried out, or the answer after it. By their number. */
  readonly lost: readonly { readonly call: number; readonly after: boolean }[];
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('told' as const),
      commit: fc.nat({ max: commits - 1 }),
      occasion: fc.nat({ max: occasions - 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('passed' as const), ms: fc.constantFrom(0, 1, 100, 5_000) }) },
);
const lostCall = fc.record({ call: fc.nat({ max: 60 }), after: fc.boolean() });
const history: fc.Arbitrary<History> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 16 }),
  lost: fc.array(lostCall, { maxLength: 6 }),
});

/** What identifies a run, and what must not change any more once it is there. */
const identityOf = ({ metadata }: PipelineRun): string =>
  [metadata.name, metadata.uid, metadata.annotations?.[penstockKeys.attempt]].join(' ');

async function happen(rig: PlannerRig, events: readonly (readonly GitEvent[])[], { steps, lost }: History) {
  const told = new Set<GitEvent>();
  let writes = 0;
  rig.interfere = async (request, next) => {
    if (request.method === 'GET') return next(request);
    const fault = lost.find(({ call }) => call === writes);
    writes += 1;
    if (fault?.after === true) await next(request);
    if (fault !== undefined) throw new ConnectionError('NET_CONNECTION', 'socket hang up');
    return next(request);
  };
  for (const each of steps) {
    if (each.kind === 'passed') await rig.pass(each.ms);
    if (each.kind === 'crash') {
      rig.crash();
      await rig.start();
    }
    if (each.kind !== 'told') continue;
    const event = events[each.commit]?.[each.occasion] ?? assert.fail('no such event');
    told.add(event);
    await rig.deliver(event);
  }
  await rig.pass(600_000);
  return told;
}

function checkAttempts(runs: readonly PipelineRun[]): void {
  const bySeries = Map.groupBy(runs, ({ metadata }) => metadata.labels?.[penstockKeys.series] ?? '');
  for (const [series, attempts] of bySeries) {
    const numbers = attempts.map(({ metadata }) => Number(metadata.annotations?.[penstockKeys.attempt]));
    assert.equal(new Set(numbers).size, numbers.length, `attempts of ${series} are told apart: ${numbers.join(' ')}`);
  }
}

describe('events', () => {
  it('lead to the same runs however often they are told, whatever crashes or gets lost', async () => {
    const property = fc.asyncProperty(history, async (drawn) => {
      const rig = await PlannerRig.create(files);
      const events = Array.from({ length: commits }, (_, commit) => {
        rig.app.commit('main', { a: String(commit) });
        const event = rig.push();
        return Array.from({ length: occasions }, (__, occasion) => ({ ...event, occurrence: `${commit} ${occasion}` }));
      });
      const told = await happen(rig, events, drawn);
      const runs = await rig.runs();
      const definitions = Map.groupBy(runs, ({ metadata }) => metadata.annotations?.[runKeys.originalName]);
      assert.deepEqual(
        ['a', 'b-'].map((name) => definitions.get(name)?.length ?? 0),
        [told.size, told.size],
      );
      checkAttempts(runs);
      rig.interfere = (request, next) => next(request);
      for (const event of told) await rig.deliver(event);
      await rig.pass(600_000);
      assert.deepEqual((await rig.runs()).map(identityOf), runs.map(identityOf), 'told once more, nothing changes');
      rig.crash();
    });
    await fc.assert(property, { numRuns: histories, seed: 5 });
  });
});
