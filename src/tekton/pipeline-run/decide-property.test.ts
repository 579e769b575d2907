import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromRfc3339 } from '../../base/clock.ts';
import { seededRandom, type Random } from '../../base/random.ts';
import type { PipelineRunSpec, PipelineTask } from '../types.ts';
import { isDone, phaseOf, succeededCondition } from './children.ts';
import { created, embedded, startMs, World } from './decision-fixture.ts';
import { skipReason } from './reasons.ts';

const seeds = 600;

/** More looks than any of these histories can need: each ends a child, creates one, or moves past a deadline. */
const looksMax = 200;

interface Drawn {
  readonly tasks: readonly PipelineTask[];
  readonly finals: readonly PipelineTask[];
}

const chance = (random: Random, percent: number): boolean => random.integer(1, 100) <= percent;

/** A random acyclic pipeline: each task may wait for, or use a result of, any earlier one. */
function drawPipeline(random: Random): Drawn {
  const count = random.integer(1, 8);
  const tasks = Array.from({ length: count }, (_, index) => drawTask(random, `t${index}`, index));
  const finals = Array.from({ length: random.integer(0, 2) }, (_, index) => embedded(`f${index}`));
  return { tasks, finals };
}

function drawTask(random: Random, name: string, before: number): PipelineTask {
  const earlier = Array.from({ length: before }, (_, index) => `t${index}`);
  const runAfter = earlier.filter(() => chance(random, 20));
  const uses = earlier.filter(() => chance(random, 15));
  return embedded(
    name,
    {
      runAfter,
      params: uses.map((source) => ({ name: `p-${source}`, value: `$(tasks.${source}.results.r)` })),
      ...(chance(random, 15) ? { onError: 'continue' } : {}),
      ...(chance(random, 20) ? { when: [{ input: 'a', operator: 'in', values: ['b'] }] } : {}),
    },
    ['r'],
  );
}

interface History {
  readonly world: World;
  readonly drawn: Drawn;
  /** What was asked of the run while it was under way. */
  readonly asked: PipelineRunSpec['status'];
}

/** Plays one history to its end: random outcomes in random order, possibly a wish to stop, possibly short of time. */
function play(seed: number): History {
  const random = seededRandom(seed);
  const drawn = drawPipeline(random);
  const timeouts = chance(random, 25) ? { timeouts: { pipeline: '20m', tasks: '12m' } } : {};
  const world = new World({ pipeline: { tasks: drawn.tasks, finally: drawn.finals }, spec: timeouts });
  const askAt = chance(random, 30) ? random.integer(0, 12) : -1;
  let asked: PipelineRunSpec['status'];
  for (let look = 0; look < looksMax; look++) {
    if (look === askAt) {
      asked = (['Cancelled', 'CancelledRunFinally', 'StoppedRunFinally'] as const)[random.integer(0, 2)];
      if (!isDone(world.run)) world.ask(asked ?? '');
    }
    checkLook(world, drawn, seed);
    if (isDone(world.run) && [...world.taskRuns.values()].every(isDone)) return { world, drawn, asked };
    step(world, random);
  }
  assert.fail(`seed ${seed}: no end after ${looksMax} looks, ${world.verdict} ${world.message}`);
}

/** One look, applied, with what must hold after each. */
function checkLook(world: World, drawn: Drawn, seed: number): void {
  const wasDone = isDone(world.run);
  const before = world.status;
  const new_ = created(world.pass());
  if (wasDone || world.run.spec.status === 'Cancelled')
    assert.deepEqual(new_, [], `seed ${seed}: started after the end`);
  if (wasDone) assert.deepEqual(world.status, before, `seed ${seed}: a verdict changed`);
  for (const name of new_) {
    const parents = drawn.tasks.find((task) => task.name === name)?.runAfter ?? [];
    for (const parent of parents)
      assert.ok(isOver(world, parent), `seed ${seed}: ${name} started before ${parent} was over`);
  }
  const again = world.decide();
  assert.ok(again.kind === 'act');
  assert.deepEqual(again.status, world.status, `seed ${seed}: the second look differs`);
  assert.deepEqual(again.actions, [], `seed ${seed}: the second look acts`);
}

function isOver(world: World, task: string): boolean {
  const child = world.taskRuns.get(`run-${task}`);
  return child ? isDone(child) : (world.status.skippedTasks ?? []).some(({ name }) => name === task);
}

/** Something happens: time passes, cancels are obeyed, or one child ends. */
function step(world: World, random: Random): void {
  world.tick(random.integer(1, 3) * 60_000);
  const running = [...world.taskRuns.values()].filter((child) => !isDone(child));
  const child = running[random.integer(0, Math.max(0, running.length - 1))];
  if (child === undefined) return;
  const name = (child.metadata.name ?? '').replace('run-', '');
  if (child.spec.status === 'TaskRunCancelled' && chance(random, 80)) return world.obeyCancels();
  const results = chance(random, 90) ? { r: 'value' } : {};
  if (chance(random, 3)) return world.end(name, 'TaskRunCancelled');
  world.end(name, chance(random, 85), results);
}

/** Why a task would be left out of a run in which nothing goes wrong: straight from the definition, by recursion. */
function expectedSkip(tasks: readonly PipelineTask[], name: string): string | undefined {
  const task = tasks.find((candidate) => candidate.name === name);
  if (task?.when !== undefined) return skipReason.whenFalse;
  const uses = (task?.params ?? []).map((param) => param.name.slice(2));
  const parents = [...(task?.runAfter ?? []), ...uses].map((parent) => expectedSkip(tasks, parent));
  if (parents.some((reason) => reason !== undefined && reason !== skipReason.whenFalse))
    return skipReason.parentSkipped;
  const missing = uses.some((parent) => expectedSkip(tasks, parent) === skipReason.whenFalse);
  return missing ? skipReason.missingResults : undefined;
}

function checkVerdict({ world, drawn, asked }: History, seed: number): void {
  const children = [...world.taskRuns.values()];
  const continues = new Set(
    drawn.tasks.filter(({ onError }) => onError === 'continue').map(({ name }) => `run-${name}`),
  );
  const phases = children.map((child) => ({
    phase: phaseOf(child),
    ignored: continues.has(child.metadata.name ?? ''),
  }));
  const reason = succeededCondition(world.status)?.reason;
  const note = `seed ${seed}: ${world.verdict} ${world.message}`;
  const failed = phases.some(({ phase, ignored }) => phase === 'timedOut' || (phase === 'failed' && !ignored));
  const cancelled = phases.some(({ phase }) => phase === 'cancelled');
  if (world.verdict.startsWith('True')) {
    assert.ok(!failed && !cancelled && asked === world.run.spec.status, note);
    checkTrueSkips(world, drawn, note);
    const endMs = startMs + 20 * 60_000;
    if (world.run.spec.timeouts)
      assert.ok(
        children.every((child) => (fromRfc3339(child.status?.completionTime) ?? 0) <= endMs),
        note,
      );
  }
  if (reason === 'Failed') assert.ok(failed, note);
  if (reason === 'Cancelled') assert.ok(world.run.spec.status !== undefined || (cancelled && !failed), note);
  if (reason === 'PipelineRunTimeout') assert.ok(world.nowMs >= startMs + 12 * 60_000, note);
  if (failed && reason !== 'Failed') {
    assert.ok(['PipelineRunTimeout', 'PipelineValidationFailed', 'Cancelled'].includes(reason ?? ''), note);
  }
  if (reason === 'Cancelled' && failed) assert.equal(world.run.spec.status, 'Cancelled', note);
}

function checkTrueSkips(world: World, drawn: Drawn, note: string): void {
  const reasons = new Map((world.status.skippedTasks ?? []).map(({ name, reason }) => [name, reason]));
  for (const { name, onError } of drawn.tasks) {
    // A task that may fail is also skipped when a result it needs did not come; the definition above leaves that out.
    const missed = reasons.get(name) === skipReason.missingResults && onError === 'continue';
    if (missed) return;
    assert.equal(reasons.get(name), expectedSkip(drawn.tasks, name), `${note}: ${name}`);
    assert.equal(world.taskRuns.has(`run-${name}`), !reasons.has(name), `${note}: ${name}`);
  }
}

describe('random pipelines, outcomes, wishes and shortages of time', () => {
  it(`every one of ${seeds} histories ends, in a verdict that its children bear out`, () => {
    const verdicts = new Map<string, number>();
    for (let seed = 1; seed <= seeds; seed++) {
      const history = play(seed);
      checkVerdict(history, seed);
      verdicts.set(history.world.verdict, (verdicts.get(history.world.verdict) ?? 0) + 1);
    }
    // All kinds of endings are reached, else the histories would prove little.
    const expected = [
      'False/Cancelled',
      'False/Failed',
      'False/PipelineRunTimeout',
      'False/PipelineValidationFailed',
      'True/Completed',
      'True/Succeeded',
    ];
    assert.deepEqual([...verdicts.keys()].sort(), expected);
  });
});
