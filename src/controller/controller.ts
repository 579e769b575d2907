/** Workers that take keys from a queue and have them reconciled. */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import { isApiError, retryAfterMs } from '../kube/api-error.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Reconciler, TerminalError } from './contract.ts';
import { TurnBudget } from './turn-budget.ts';
import type { TakenKey, WorkQueue } from './work-queue.ts';

/** Longest pause that an API may ask for, in milliseconds: one that asks for more is asked again sooner. */
export const retryAfterMsMax = 60_000;

/** How a reconcile ended. */
export type ReconcileOutcome = 'done' | 'requeued' | 'retried' | 'terminal' | 'aborted';

/** Told of every reconcile. */
export interface ControllerMetrics {
  reconciled(controller: string, outcome: ReconcileOutcome, spans: { ranMs: number; waitedMs: number }): void;
}

/** What {@link startController} needs. */
export interface ControllerOptions {
  /** For logs and metrics. */
  readonly name: string;
  readonly reconciler: Reconciler;
  readonly queue: WorkQueue;
  /** Keys reconciled at a time. */
  readonly workers: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Handed to every reconcile; when it aborts, the queue is shut down and running reconciles should end. */
  readonly signal: AbortSignal;
  readonly metrics?: ControllerMetrics;
  /** Somebody waits for it: others of the process then make shorter turns. Default false. */
  readonly urgent?: boolean;
  /** Shared by the controllers of a process; by default the controller has its own. */
  readonly turns?: TurnBudget;
}

/** Workers that run. */
export interface RunningController {
  /** Takes no further key; resolves once the reconciles that run have ended. */
  stop(): Promise<void>;
  /** Keys being reconciled now. */
  running(): readonly ObjectKey[];
}

/**
 * Starts the workers. The same key is never reconciled twice at once. An error has the key tried again with backoff and is
 * logged once a try; a `TerminalError` is logged and not tried again; whatever is thrown, the worker goes on.
 */
export function startController(options: ControllerOptions): RunningController {
  assert(options.workers >= 1, 'a controller has workers');
  const { queue, signal } = options;
  const running = new Map<string, ObjectKey>();
  const shutDown = (): void => queue.shutDown();
  if (signal.aborted) shutDown();
  signal.addEventListener('abort', shutDown, { once: true });
  const turns = options.turns ?? new TurnBudget(options.clock);
  const workers = Array.from({ length: options.workers }, () => work(options, running, turns));
  const ended = Promise.all(workers).then(() => signal.removeEventListener('abort', shutDown));
  return {
    stop: () => {
      shutDown();
      return ended;
    },
    running: () => [...running.values()],
  };
}

async function work(options: ControllerOptions, running: Map<string, ObjectKey>, turns: TurnBudget): Promise<void> {
  const { queue, urgent = false } = options;
  for (let taken = await queue.take(); taken !== undefined; taken = await queue.take()) {
    const text = keyText(taken.key);
    assert(!running.has(text), 'one key is reconciled once at a time');
    running.set(text, taken.key);
    const over = urgent ? turns.urgent() : undefined;
    await reconcileOnce(options, taken);
    over?.();
    running.delete(text);
    queue.done(taken.key);
    const pause = turns.pause(urgent);
    if (pause !== undefined) await pause;
  }
}

async function reconcileOnce(options: ControllerOptions, taken: TakenKey): Promise<void> {
  const { name, clock, metrics } = options;
  const startMs = clock.monotonicMs();
  const outcome = await outcomeOf(options, taken);
  metrics?.reconciled(name, outcome, { ranMs: clock.monotonicMs() - startMs, waitedMs: taken.waitedMs });
}

async function outcomeOf(options: ControllerOptions, taken: TakenKey): Promise<ReconcileOutcome> {
  const { reconciler, queue, signal } = options;
  const { key } = taken;
  try {
    const { requeueAfterMs } = await reconciler.reconcile(key, signal);
    queue.forget(key);
    if (requeueAfterMs === undefined) return 'done';
    queue.addAfter(key, requeueAfterMs);
    return 'requeued';
  } catch (thrown) {
    return afterError(options, taken, thrown);
  }
}

function afterError(options: ControllerOptions, taken: TakenKey, thrown: unknown): ReconcileOutcome {
  const { name, queue, signal, logger } = options;
  const { key } = taken;
  if (signal.aborted) return 'aborted';
  const fields = { controller: name, key: keyText(key), attempt: taken.failures + 1, error: errorText(thrown) };
  if (thrown instanceof TerminalError) {
    queue.forget(key);
    logger.error('reconcile failed for good', fields);
    return 'terminal';
  }
  const waitMs = Math.round(queue.addRateLimited(key, retryAfterMs(thrown, retryAfterMsMax)));
  // Two writers met: the ordinary way to learn of a newer version.
  if (isApiError(thrown, 'Conflict'))
    logger.info('reconcile met a conflict; trying again', { ...fields, retryAfterMs: waitMs });
  else logger.error('reconcile failed; trying again', { ...fields, retryAfterMs: waitMs });
  return 'retried';
}
