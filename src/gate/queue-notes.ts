import { errorText } from '../base/errors.ts';
import type { ApiClient } from '../client/api-client.ts';
import { concurrently } from '../controller/concurrently.ts';
import type { Lister } from '../controller/contract.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, keyText } from '../kube/object.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { gatesOf } from './governance.ts';
import { holdsSlot, obstaclesOf } from './obstacles.ts';
import { type Gate, queueKey } from './types.ts';
import { repositoryPlaceText, slotsText, waitingText } from './waiting-text.ts';
import type { Place, WaitingLine } from './waiting-line.ts';

/** Notes of a gate are brought up to date at most this often, in milliseconds. */
export const notesEveryMs = 5_000;
/** Runs at the head of a line whose notes are kept up to date; those behind say only which gate they wait in. */
export const notedRunsMax = 50;
/** Notes that one round writes at most: a line that moves fast is not worth a storm of writes. */
export const notesPerRoundMax = 20;

/** Notes written at a time: a slot that comes free meanwhile waits for the round to end. */
const parallelNotes = 10;

/** What {@link QueueNotes} are made of. */
export interface QueueNotesParts {
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly gates: Lister<Gate>;
  readonly limitOfRepository: (repository: string) => number | undefined;
}

interface Note {
  readonly run: PipelineRun;
  readonly text: string;
}

/** Writes on waiting runs where they stand, for those who look at a run and not at its gate. */
export class QueueNotes {
  readonly #parts: QueueNotesParts;
  readonly #lastMs = new Map<string, number>();

  constructor(parts: QueueNotesParts) {
    this.#parts = parts;
  }

  /** Writes what has changed, unless it is too soon; gives the milliseconds after which to ask again. */
  async write(gate: Gate, line: WaitingLine, nowMs: number): Promise<number> {
    const name = gate.metadata.name ?? '';
    if (line.size === 0) return Number.POSITIVE_INFINITY;
    const sinceMs = nowMs - (this.#lastMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs >= 0 && sinceMs < notesEveryMs) return notesEveryMs - sinceMs;
    this.#lastMs.set(name, nowMs);
    const first = line.first(notedRunsMax);
    const due = [...this.#ofFirst(gate, line, first, nowMs), ...this.#ofRest(gate, line, first)].slice(
      0,
      notesPerRoundMax,
    );
    await concurrently(due, parallelNotes, (note) => this.#note(note));
    return due.length === 0 ? Number.POSITIVE_INFINITY : notesEveryMs;
  }

  /** Notes of the head of the line that are not true any more. */
  #ofFirst(gate: Gate, line: WaitingLine, first: readonly PipelineRun[], nowMs: number): readonly Note[] {
    return first.flatMap((run) => {
      const others = this.#othersOf(gate, run);
      if (!others) return [];
      const { here, further } = obstaclesOf(run, gate, others, { ...this.#parts, nowMs });
      const room = here === undefined && further.length === 0 ? roomText(gate) : here;
      const why = [...(room === undefined ? [] : [room]), ...further].join(', ');
      const text = noteText(gate, run, line.placeOf(run) ?? {}, why);
      return run.metadata.annotations?.[queueKey] === text ? [] : [{ run, text }];
    });
  }

  /** Runs that were overtaken and still show a place at the head of the line. */
  *#ofRest(gate: Gate, line: WaitingLine, first: readonly PipelineRun[]): Iterable<Note> {
    const atHead = new Set(first);
    for (const { run, lane } of line.entries()) {
      const note = run.metadata.annotations?.[queueKey];
      const text = waitingText(lane.gates);
      if (note !== undefined && note !== text && !atHead.has(run) && this.#othersOf(gate, run)) yield { run, text };
    }
  }

  /** The gates that `run` has to pass besides this one; undefined when it does not wait here now, but before or behind. */
  #othersOf(gate: Gate, run: PipelineRun): readonly Gate[] | undefined {
    const governing = gatesOf(run, this.#parts.gates.list());
    const others = governing.filter(({ metadata }) => metadata.name !== gate.metadata.name);
    const isBefore = ({ metadata: { name = '' } }: Gate): boolean => name < (gate.metadata.name ?? '');
    const isHere = !holdsSlot(gate, run) && others.filter(isBefore).every((other) => holdsSlot(other, run));
    return isHere ? others : undefined;
  }

  /** Drops what is remembered of a gate that is gone. */
  forget(name: string): void {
    this.#lastMs.delete(name);
  }

  async #note({ run, text }: Note): Promise<void> {
    const { client, logger } = this.#parts;
    const { uid = '', resourceVersion = '' } = run.metadata;
    const patch = { metadata: { uid, resourceVersion, annotations: { [queueKey]: text } } };
    try {
      await client.patch(pipelineRuns, keyOf(run), patch, { type: 'merge' });
    } catch (thrown) {
      if (isApiError(thrown, 'Conflict') || isApiError(thrown, 'NotFound')) return;
      // A note is a courtesy: what it was to say is in the gate's status too, and the next round tries again.
      const fields = { run: keyText(keyOf(run)), error: errorText(thrown) };
      logger.warn('the place of a waiting run could not be noted', fields);
    }
  }
}

/** How full a gate is that has room, or that its limit is none. */
function roomText({ status: { slots = [], limit, limitReason } = {} }: Gate): string | undefined {
  return limit === undefined ? limitReason : slotsText(slots.length, limit);
}

/** `position 3 in gate "default" (20 of 20 slots taken); 2nd for repository app`. */
function noteText(gate: Gate, run: PipelineRun, place: Place, why: string): string {
  const position = place.overall === undefined ? 'waiting' : `position ${place.overall}`;
  const ofRepository = repositoryPlaceText(run, place.ofRepository);
  return `${position} in gate "${gate.metadata.name}"${why ? ` (${why})` : ''}${ofRepository}`;
}
