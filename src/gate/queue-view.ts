import { keyOf, keyText } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { gatesOf } from './governance.ts';
import { limitOf } from './limit.ts';
import { type ObstacleFacts, fullText, holdsSlot, obstaclesOf } from './obstacles.ts';
import { loadOf } from './room.ts';
import { type Rank, compareRanks, markedGates, rankOf, repositoryOf, stateOf } from './run-facts.ts';
import type { Gate, Slot } from './types.ts';
import { WaitingLine } from './waiting-line.ts';
import { repositoryPlaceText } from './waiting-text.ts';

/** What the API shows, at one look. */
export interface QueueFacts extends ObstacleFacts {
  readonly gates: readonly Gate[];
  readonly runs: readonly PipelineRun[];
}

/** A waiting run and where it stands. */
export interface WaitingRun {
  readonly run: PipelineRun;
  readonly rank: Rank;
  /** All gates it has to pass, in that order; none = nobody will start it unless asked to. */
  readonly gates: readonly string[];
  /** The gate at which it waits now. */
  readonly gate?: string;
  /** From 1, in the order in which this gate's runs start if none ends before; under `FairShare` ends may change it. */
  readonly position?: number;
  /** The limit of that gate now; absent = none. */
  readonly limit?: number;
  readonly reason: string;
}

/** Every waiting run: gate by gate in the order in which they start, then those that no gate governs, oldest first. */
export function queueOf(facts: QueueFacts): readonly WaitingRun[] {
  const placed = facts.runs.filter((run) => stateOf(run) === 'waiting').map((run) => placeOf(run, facts.gates));
  const names = facts.gates.map(({ metadata }) => metadata.name ?? '').sort();
  const atGates = names.flatMap((name) => {
    const gate = facts.gates.find(({ metadata }) => metadata.name === name);
    const here = placed.filter((candidate) => candidate.at === name);
    return gate && here.length > 0 ? new GateView(gate, facts).queue(here) : [];
  });
  const elsewhere = placed
    .filter(({ at }) => at === undefined)
    .map(({ run, governing }) => ({
      run,
      rank: rankOf(run, true),
      gates: namesOf(governing),
      reason: governing.length > 0 ? 'has its slots and starts now' : reasonOfUngoverned(run),
    }));
  return [...atGates, ...elsewhere.sort((a, b) => compareRanks(a.rank, b.rank))];
}

interface Placed {
  readonly run: PipelineRun;
  readonly governing: readonly Gate[];
  /** The first gate in which it holds no slot; absent = none is left. */
  readonly at: string | undefined;
}

function placeOf(run: PipelineRun, gates: readonly Gate[]): Placed {
  const governing = gatesOf(run, gates);
  const next = governing.find((gate) => !holdsSlot(gate, run));
  return { run, governing, at: next?.metadata.name };
}

function reasonOfUngoverned(run: PipelineRun): string {
  const marked = markedGates(run);
  if (marked.length === 0) return 'was made pending, and no gate governs it';
  return `was held by ${marked.map((name) => `gate "${name}"`).join(' and ')}, and no gate governs it any more`;
}

function namesOf(gates: readonly Gate[]): readonly string[] {
  return gates.map(({ metadata }) => metadata.name ?? '');
}

/** One gate, with what has its slots. */
class GateView {
  readonly #gate: Gate;
  readonly #facts: QueueFacts;
  readonly #slots: readonly Slot[];
  readonly #limit: number;

  constructor(gate: Gate, facts: QueueFacts) {
    this.#gate = gate;
    this.#facts = facts;
    this.#slots = gate.status?.slots ?? [];
    this.#limit = limitOf(gate, facts.nowMs).value;
  }

  /** The runs that wait here, in order. Those that earlier gates let through come first, as they do in a decision. */
  queue(placed: readonly Placed[]): readonly WaitingRun[] {
    const governing = new Map(placed.map((one) => [keyText(keyOf(one.run)), one.governing]));
    const isFirst = ({ governing: [first] }: Placed): boolean => first?.metadata.name === this.#gate.metadata.name;
    const passedOn = placed.filter((one) => !isFirst(one)).map(({ run }) => run);
    const ordered = [...passedOn, ...this.#order(placed.filter(isFirst))];
    const ofRepository = new Map<string, number>();
    return ordered.map((run, index) => {
      const repository = repositoryOf(run);
      const place = (ofRepository.get(repository ?? '') ?? 0) + 1;
      ofRepository.set(repository ?? '', place);
      const gates = governing.get(keyText(keyOf(run))) ?? [];
      return this.#row(run, index + 1, place, gates);
    });
  }

  /** The order in which runs would start if there were room for all and none ended. */
  #order(placed: readonly Placed[]): readonly PipelineRun[] {
    const line = new WaitingLine(this.#gate.spec.order ?? 'Priority');
    for (const { run, governing } of placed) line.put(run, namesOf(governing), false);
    const running = new Map<string, number>();
    for (const { repository = '' } of this.#slots) running.set(repository, (running.get(repository) ?? 0) + 1);
    const order: PipelineRun[] = [];
    for (;;) {
      const next = line.next(
        () => true,
        ({ repository }) => loadOf(this.#gate.spec, repository, running.get(repository ?? '') ?? 0),
        () => false,
      );
      if (!next) return order;
      line.remove(next.run);
      const { repository = '' } = next.lane;
      running.set(repository, (running.get(repository) ?? 0) + 1);
      order.push(next.run);
    }
  }

  #row(run: PipelineRun, position: number, ofRepository: number, governing: readonly Gate[]): WaitingRun {
    const name = this.#gate.metadata.name ?? '';
    const others = governing.filter((other) => other !== this.#gate);
    const { here, further } = obstaclesOf(run, this.#gate, others, this.#facts);
    const why = [...(here === undefined ? [] : fullText(this.#gate, this.#facts.nowMs)), ...further];
    return {
      run,
      rank: rankOf(run, this.#gate.spec.order !== 'FIFO'),
      gates: namesOf(governing),
      gate: name,
      position,
      ...(this.#limit === Number.POSITIVE_INFINITY ? {} : { limit: this.#limit }),
      reason: `${why.join(', ') || `about to start in gate "${name}"`}${repositoryPlaceText(run, ofRepository)}`,
    };
  }
}
