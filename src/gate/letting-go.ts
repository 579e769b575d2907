/** What becomes of waiting runs that no gate governs any more. */
import { errorText } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { ApiClient } from '../client/api-client.ts';
import { concurrently } from '../controller/concurrently.ts';
import type { ReconcileResult } from '../controller/contract.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GateIndex } from './gate-index.ts';
import { gatesOf } from './governance.ts';
import { markedGates, stateOf } from './run-facts.ts';
import { startRun } from './start-run.ts';
import { type Gate, gateFinalizer, gates, onDeleteKey, queueKey } from './types.ts';

/** Runs are let go, or held, so many at a time. */
const parallelCalls = 16;
/** A gate that is there, but not in the cache yet, is looked for again so soon, in milliseconds. */
const lookAgainMs = 1_000;

/** What a run says that is held although no gate governs it. */
const heldText = 'held: no gate governs it any more, and its gate was to hold it';

/** Whether a gate holds its waiting runs when it goes. */
export function holds({ spec }: Gate): boolean {
  return spec.onDelete === 'Hold';
}

/** What {@link LettingGo} works with. */
export interface LettingGoParts {
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly index: GateIndex;
}

/**
 * Releases runs that no gate governs any more, or holds them. A gate decides that of the runs it made pending; of several the
 * stricter holds. A gate that is gone has left its word on the run. What somebody else made pending is left alone.
 */
export class LettingGo {
  readonly #client: ApiClient;
  readonly #logger: Logger;
  readonly #index: GateIndex;

  constructor({ client, logger, index }: LettingGoParts) {
    this.#client = client;
    this.#logger = logger;
    this.#index = index;
  }

  /** Of the runs that `name` made pending and that none of `known` governs any more. */
  async ofGate(name: string, known: readonly Gate[]): Promise<void> {
    const orphans = [...this.#index.of(name).orphans.values()];
    await this.#settle(orphans, known, known);
  }

  /** Of the runs of a gate that is not in the cache: it may be gone without having been asked, or be too new. */
  async ofAbsent(name: string): Promise<ReconcileResult> {
    // A name that somebody else wrote, for a scheduler of his own, comes without a gate's note.
    const orphans = [...this.#index.of(name).orphans.values()].filter(isNoted);
    if (orphans.length === 0) return {};
    const { items } = await this.#client.list(gates);
    if (items.some(({ metadata }) => metadata.name === name)) return { requeueAfterMs: lookAgainMs };
    await this.#settle(orphans, items, items);
    return {};
  }

  /** Before `gate` goes: of its waiting runs that no other gate governs. */
  async close(gate: Gate): Promise<ReconcileResult> {
    const { name = '', resourceVersion = '', finalizers = [] } = gate.metadata;
    if (!finalizers.includes(gateFinalizer)) return {};
    // Asked of the API itself: it is the last look, and caches may not know the newest runs and gates.
    const [runs, known] = await Promise.all([this.#client.list(pipelineRuns), this.#client.list(gates)]);
    const own = runs.items.filter(
      (run) =>
        stateOf(run) === 'waiting' &&
        markedGates(run).length > 0 &&
        (markedGates(run).includes(name) || gatesOf(run, [gate]).length > 0),
    );
    if (holds(gate)) await concurrently(own, parallelCalls, (run) => this.#leaveWord(run));
    else {
      const others = known.items.filter(({ metadata }) => metadata.uid !== gate.metadata.uid);
      await this.#settle(own, others, [...others, gate]);
    }
    const patch = {
      metadata: { resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== gateFinalizer) },
    };
    await this.#client.patch(gates, { namespace: '', name }, patch, { type: 'merge' });
    return {};
  }

  /** `staying` may govern the runs; `known` have a say in what becomes of those that they do not. */
  async #settle(runs: readonly PipelineRun[], staying: readonly Gate[], known: readonly Gate[]): Promise<void> {
    const ungoverned = runs.filter((run) => gatesOf(run, staying).length === 0);
    await concurrently(ungoverned, parallelCalls, async (run) => {
      if (isHeld(run, known)) await this.#sayHeld(run);
      else await startRun(this.#client, run);
    });
  }

  /** The gate goes, and what it wants of the run stays. */
  async #leaveWord(run: PipelineRun): Promise<void> {
    if (run.metadata.annotations?.[onDeleteKey] === 'Hold') return;
    await this.#annotate(run, { annotations: { [onDeleteKey]: 'Hold' } });
  }

  /** A position in a line that is not there any more would be untrue. */
  async #sayHeld(run: PipelineRun): Promise<void> {
    if (run.metadata.annotations?.[queueKey] === heldText) return;
    try {
      const { resourceVersion = '' } = run.metadata;
      await this.#annotate(run, { resourceVersion, annotations: { [queueKey]: heldText } });
    } catch (thrown) {
      this.#logger.warn('a run that is held does not say so', { run: keyText(keyOf(run)), error: errorText(thrown) });
    }
  }

  async #annotate(run: PipelineRun, metadata: JsonObject): Promise<void> {
    const patch = { metadata: { uid: run.metadata.uid ?? '', ...metadata } };
    try {
      await this.#client.patch(pipelineRuns, keyOf(run), patch, { type: 'merge' });
    } catch (thrown) {
      // Gone, or another by now: what is still to be done for it shows with the next change.
      if (!isApiError(thrown, 'NotFound') && !isApiError(thrown, 'Conflict')) throw thrown;
    }
  }
}

function isNoted({ metadata }: PipelineRun): boolean {
  return metadata.annotations?.[queueKey] !== undefined;
}

/** Whether one of the gates that made the run pending holds it: those that are gone by their word on it. */
function isHeld(run: PipelineRun, known: readonly Gate[]): boolean {
  const byName = new Map(known.map((gate) => [gate.metadata.name ?? '', gate]));
  return markedGates(run).some((name) => {
    const gate = byName.get(name);
    return gate ? holds(gate) : run.metadata.annotations?.[onDeleteKey] === 'Hold';
  });
}
