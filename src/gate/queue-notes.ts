import type { Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import { concurrently } from '../controller/concurrently.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Gate, queueKey } from './types.ts';
import { repositoryPlaceText, slotsText } from './waiting-text.ts';
import type { Place, WaitingLine } from './waiting-line.ts';

/** Notes of a gate are brought up to date at most this often, in milliseconds. */
export const notesEveryMs = 5_000;
/** Runs at the head of a line whose notes are kept up to date; those behind say only which gate they wait in. */
export const notedRunsMax = 50;
/** Notes that one round writes at most: a line that moves fast is not worth a storm of writes. */
export const notesPerRoundMax = 20;

/** Notes written at a time: a slot that comes free meanwhile waits for the round to end. */
const parallelNotes = 10;

/** Writes on waiting runs where they stand, for those who look at a run and not at its gate. */
export class QueueNotes {
  readonly #client: ApiClient;
  readonly #logger: Logger;
  readonly #lastMs = new Map<string, number>();

  constructor({ client, logger }: { client: ApiClient; clock: Clock; logger: Logger }) {
    this.#client = client;
    this.#logger = logger;
  }

  /** Writes what has changed, unless it is too soon; gives the milliseconds after which to ask again. */
  async write(gate: Gate, line: WaitingLine, nowMs: number): Promise<number> {
    const name = gate.metadata.name ?? '';
    if (line.size === 0) return Number.POSITIVE_INFINITY;
    const sinceMs = nowMs - (this.#lastMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs >= 0 && sinceMs < notesEveryMs) return notesEveryMs - sinceMs;
    this.#lastMs.set(name, nowMs);
    const due = line
      .first(notedRunsMax)
      .map((run) => ({ run, text: noteText(gate, run, line.placeOf(run) ?? {}) }))
      .filter(({ run, text }) => run.metadata.annotations?.[queueKey] !== text)
      .slice(0, notesPerRoundMax);
    await concurrently(due, parallelNotes, ({ run, text }) => this.#note(run, text));
    return due.length === 0 ? Number.POSITIVE_INFINITY : notesEveryMs;
  }

  /** Drops what is remembered of a gate that is gone. */
  forget(name: string): void {
    this.#lastMs.delete(name);
  }

  async #note(run: PipelineRun, text: string): Promise<void> {
    const { uid = '', resourceVersion = '' } = run.metadata;
    const patch = { metadata: { uid, resourceVersion, annotations: { [queueKey]: text } } };
    try {
      await this.#client.patch(pipelineRuns, keyOf(run), patch, { type: 'merge' });
    } catch (thrown) {
      if (isApiError(thrown, 'Conflict') || isApiError(thrown, 'NotFound')) return;
      // A note is a courtesy: what it was to say is in the gate's status too, and the next round tries again.
      this.#logger.warn('the place of a waiting run could not be noted', {
        run: keyText(keyOf(run)),
        error: errorText(thrown),
      });
    }
  }
}

/** `position 3 in gate "default" (20 of 20 slots taken); 2nd for repository app`. */
function noteText(gate: Gate, run: PipelineRun, place: Place): string {
  const { slots = [], limit, limitReason } = gate.status ?? {};
  const position = place.overall === undefined ? 'waiting' : `position ${place.overall}`;
  const room = limit === undefined || limit === 0 ? (limitReason ?? '') : slotsText(slots.length, limit);
  const ofRepository = repositoryPlaceText(run, place.ofRepository);
  return `${position} in gate "${gate.metadata.name}"${room ? ` (${room})` : ''}${ofRepository}`;
}
