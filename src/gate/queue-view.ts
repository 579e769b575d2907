import { keyOf, keyText } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { loadOf, repositoryLimitOf } from './decide.ts';
import { gatesOf } from './governance.ts';
import { limitOf } from './limit.ts';
import { type Rank, branchOf, compareRanks, markedGates, rankOf, repositoryOf, stateOf } from './run-facts.ts';
import type { Gate, Slot } from './types.ts';
import { WaitingLine } from './waiting-line.ts';
import { repositoryPlaceText, slotsText } from './waiting-text.ts';

/** What the API shows, at one look. */
export interface QueueFacts {
  readonly gates: readonly Gate[];
  readonly runs: readonly PipelineRun[];
  /** `concurrency_limit` of the Repository `namespace/name`, if it has one. */
  limitOfRepository(repository: string): number | undefined;
  readonly nowMs: number;
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
    const line = new WaitingLine(this.#gate.spec);
    for (const { run, governing } of placed) line.put(run, namesOf(governing.slice(1)).join(','));
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
      line.remove(next);
      const repository = repositoryOf(next) ?? '';
      running.set(repository, (running.get(repository) ?? 0) + 1);
      order.push(next);
    }
  }

  #row(run: PipelineRun, position: number, ofRepository: number, governing: readonly Gate[]): WaitingRun {
    const name = this.#gate.metadata.name ?? '';
    const why = this.#obstacles(run, governing);
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

  /** All that keeps `run` from starting now. */
  #obstacles(run: PipelineRun, governing: readonly Gate[]): readonly string[] {
    const here = fullText(this.#gate, this.#facts.nowMs);
    if (this.#limit === 0) return here;
    const others = governing.filter((other) => other !== this.#gate && !holdsSlot(other, run));
    return [
      ...here,
      ...this.#ofRepository(run),
      ...this.#ofBranch(run),
      ...others.flatMap((other) => fullText(other, this.#facts.nowMs)),
    ];
  }

  #ofRepository(run: PipelineRun): readonly string[] {
    const repository = repositoryOf(run);
    if (repository === undefined) return [];
    const most = repositoryLimitOf(this.#gate.spec, this.#facts.limitOfRepository(repository));
    const taken = this.#slots.filter((slot) => slot.repository === repository).length;
    return taken >= most ? [`${taken} of ${most} of its repository running`] : [];
  }

  #ofBranch(run: PipelineRun): readonly string[] {
    const branch = branchOf(run);
    const most = this.#gate.spec.maxRunningPerBranch ?? Number.POSITIVE_INFINITY;
    const taken = this.#slots.filter((slot) => slot.branch !== undefined && slot.branch === branch).length;
    return taken >= most ? [`${taken} of ${most} of its branch running`] : [];
  }
}

function holdsSlot({ status }: Gate, { metadata }: PipelineRun): boolean {
  return status?.slots?.some(({ uid }) => uid === metadata.uid) ?? false;
}

/** Why a gate lets nothing through now: `20 of 20 slots taken in gate "default"`; empty when it has room. */
function fullText(gate: Gate, nowMs: number): readonly string[] {
  const { value, reason } = limitOf(gate, nowMs);
  const taken = gate.status?.slots?.length ?? 0;
  const name = `gate "${gate.metadata.name}"`;
  if (value === 0) return [reason.replace('the gate', name)];
  return taken < value ? [] : [`${slotsText(taken, value)} in ${name}`];
}
