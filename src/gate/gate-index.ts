import type { InformerHandler, Lister } from '../controller/contract.ts';
import { keyOf, keyText } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { gatesOf } from './governance.ts';
import { markedGates, stateOf } from './run-facts.ts';
import type { Gate } from './types.ts';
import { WaitingLine } from './waiting-line.ts';

/** The runs of one gate, by what they mean to it. */
export interface GateRuns {
  /** Waiting runs that it governs. */
  readonly line: WaitingLine;
  /** Runs that run. */
  readonly running: ReadonlyMap<string, PipelineRun>;
  /** Waiting runs that this gate made pending and that no gate governs any more. */
  readonly orphans: ReadonlyMap<string, PipelineRun>;
  /** Other gates that govern some of these runs, and how many. */
  readonly shared: ReadonlyMap<string, number>;
}

interface Runs extends GateRuns {
  readonly running: Map<string, PipelineRun>;
  readonly orphans: Map<string, PipelineRun>;
  readonly shared: Map<string, number>;
}

interface Placed {
  readonly run: PipelineRun;
  /** Gates that govern it, while it is not over. */
  readonly governing: readonly string[];
  /** These, and the gates that made it pending. */
  readonly concerned: readonly string[];
}

/**
 * An index over the caches of gates and runs: which run stands in which line. Nothing is counted here that the caches do
 * not show; it can be dropped and built again at any time, and is when the gates change.
 *
 * A run of several gates stands in the line of each, but it passes them in order of name: gates are asked in one order, so
 * that two runs never hold what the other waits for.
 */
export class GateIndex {
  readonly #gates: Lister<Gate>;
  readonly #runs: Lister<PipelineRun>;
  readonly #changed: (gateName: string) => void;
  #byGate = new Map<string, Runs>();
  #placed = new Map<string, Placed>();
  /** The gates have changed since the index was built. It is built when it is asked: many gates may change in a row. */
  #outdated = false;

  /** `changed` is told the name of each gate for which something has changed. */
  constructor(gates: Lister<Gate>, runs: Lister<PipelineRun>, changed: (gateName: string) => void) {
    this.#gates = gates;
    this.#runs = runs;
    this.#changed = changed;
  }

  /** Keeps the index in step with the cache of runs. */
  readonly runHandler: InformerHandler<PipelineRun> = {
    added: (run) => this.#tell(this.#follow(undefined, run)),
    updated: (previous, run) => this.#tell(this.#follow(previous, run)),
    deleted: (run) => this.#tell(this.#follow(run, undefined)),
  };

  /** Keeps the index in step with the cache of gates. */
  readonly gateHandler: InformerHandler<Gate> = {
    added: () => this.#outdate(),
    updated: (previous, gate) => {
      const sameRules = previous.metadata.generation === gate.metadata.generation;
      const sameLife = previous.metadata.deletionTimestamp === gate.metadata.deletionTimestamp;
      if (sameRules && sameLife) this.#tellWithShared(gate.metadata.name ?? '');
      else this.#outdate();
    },
    deleted: () => this.#outdate(),
  };

  /** The runs of the gate of this name. */
  of(gateName: string): GateRuns {
    if (this.#outdated) this.#build();
    return this.#of(gateName);
  }

  #of(gateName: string): Runs {
    const known = this.#byGate.get(gateName);
    if (known) return known;
    const gate = this.#gates.get({ namespace: '', name: gateName });
    const line = new WaitingLine(gate?.spec.order ?? 'Priority');
    const runs = { line, running: new Map(), orphans: new Map(), shared: new Map() };
    this.#byGate.set(gateName, runs);
    return runs;
  }

  /** What a gate's own slots tell the gates that share runs with it: what it passes on to them, and what it has room for. */
  #tellWithShared(name: string): void {
    this.#tell([name, ...(this.#byGate.get(name)?.shared.keys() ?? [])]);
  }

  /** Brings one run up to date; gives the gates that it concerns. */
  #follow(previous: PipelineRun | undefined, run: PipelineRun | undefined): readonly string[] {
    if (!this.#outdated) return [...(previous ? this.#unplace(previous) : []), ...(run ? this.#place(run) : [])];
    return [previous, run].flatMap((one) => (one ? this.#concernedBy(one) : []));
  }

  #concernedBy(run: PipelineRun): readonly string[] {
    const governing = gatesOf(run, this.#gates.list()).map(({ metadata }) => metadata.name ?? '');
    return [...new Set([...governing, ...markedGates(run)])];
  }

  #place(run: PipelineRun): readonly string[] {
    const state = stateOf(run);
    const key = keyText(keyOf(run));
    const gates = gatesOf(run, this.#gates.list());
    const names = gates.map(({ metadata }) => metadata.name ?? '');
    const marked = markedGates(run);
    const byBranch = gates.some(({ spec }) => spec.maxRunningPerBranch !== undefined);
    if (state === 'running') for (const name of names) this.#of(name).running.set(key, run);
    else if (state === 'waiting') for (const name of names) this.#of(name).line.put(run, names, byBranch);
    if (state === 'waiting' && names.length === 0) for (const name of marked) this.#of(name).orphans.set(key, run);
    const governing = state === 'over' ? [] : names;
    this.#share(governing, 1);
    const concerned = [...new Set([...names, ...marked])];
    this.#placed.set(key, { run, governing, concerned });
    return concerned;
  }

  #unplace(run: PipelineRun): readonly string[] {
    const key = keyText(keyOf(run));
    const { governing = [], concerned = [] } = this.#placed.get(key) ?? {};
    this.#placed.delete(key);
    for (const name of concerned) {
      const runs = this.#of(name);
      runs.line.remove(run);
      runs.running.delete(key);
      runs.orphans.delete(key);
    }
    this.#share(governing, -1);
    return concerned;
  }

  /** Counts a run that these gates govern together in, or out. */
  #share(names: readonly string[], by: 1 | -1): void {
    for (const name of names) {
      const { shared } = this.#of(name);
      for (const other of names) {
        if (other === name) continue;
        const count = (shared.get(other) ?? 0) + by;
        if (count > 0) shared.set(other, count);
        else shared.delete(other);
      }
    }
  }

  #outdate(): void {
    this.#outdated = true;
    this.#tell([...this.#byGate.keys(), ...this.#gates.list().map(({ metadata }) => metadata.name ?? '')]);
  }

  #build(): void {
    this.#outdated = false;
    this.#byGate = new Map();
    this.#placed = new Map();
    for (const run of this.#runs.list()) this.#place(run);
  }

  #tell(gateNames: readonly string[]): void {
    for (const name of new Set(gateNames)) this.#changed(name);
  }
}
