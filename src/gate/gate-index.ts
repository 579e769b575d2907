import type { InformerHandler, Lister } from '../controller/contract.ts';
import { keyOf, keyText } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { gatesOf } from './governance.ts';
import { markedGates, stateOf } from './run-facts.ts';
import type { Gate } from './types.ts';
import { WaitingLine } from './waiting-line.ts';

/** The runs of one gate, by what they mean to it. */
export interface GateRuns {
  /** Waiting runs of which this is the first gate. */
  readonly line: WaitingLine;
  /** Runs that run. */
  readonly running: ReadonlyMap<string, PipelineRun>;
  /** Waiting runs that this gate made pending and that no gate governs any more. */
  readonly orphans: ReadonlyMap<string, PipelineRun>;
}

interface Runs extends GateRuns {
  readonly running: Map<string, PipelineRun>;
  readonly orphans: Map<string, PipelineRun>;
}

/**
 * An index over the caches of gates and runs: which run stands in which line. Nothing is counted here that the caches do
 * not show; it can be dropped and built again at any time.
 *
 * A run of several gates stands in the line of the first by name, and is passed on from one to the next: gates are asked
 * in one order, so that two runs never hold what the other waits for.
 */
export class GateIndex {
  readonly #gates: Lister<Gate>;
  readonly #runs: Lister<PipelineRun>;
  readonly #changed: (gateName: string) => void;
  #byGate = new Map<string, Runs>();
  #placed = new Map<string, { readonly run: PipelineRun; readonly gates: readonly string[] }>();

  /** `changed` is told the name of each gate for which something has changed. */
  constructor(gates: Lister<Gate>, runs: Lister<PipelineRun>, changed: (gateName: string) => void) {
    this.#gates = gates;
    this.#runs = runs;
    this.#changed = changed;
  }

  /** Keeps the index in step with the cache of runs. */
  readonly runHandler: InformerHandler<PipelineRun> = {
    added: (run) => this.#tell(this.#place(run)),
    updated: (_previous, run) => this.#tell([...this.#unplace(run), ...this.#place(run)]),
    deleted: (run) => this.#tell(this.#unplace(run)),
  };

  /** Keeps the index in step with the cache of gates. */
  readonly gateHandler: InformerHandler<Gate> = {
    added: () => this.#rebuild(),
    updated: (previous, gate) => {
      const sameRules = previous.metadata.generation === gate.metadata.generation;
      const sameLife = previous.metadata.deletionTimestamp === gate.metadata.deletionTimestamp;
      if (sameRules && sameLife) this.#tell([gate.metadata.name ?? '', ...this.#laterGates(gate)]);
      else this.#rebuild();
    },
    deleted: () => this.#rebuild(),
  };

  /** The runs of the gate of this name. */
  of(gateName: string): GateRuns {
    return this.#of(gateName);
  }

  #of(gateName: string): Runs {
    const known = this.#byGate.get(gateName);
    if (known) return known;
    const gate = this.#gates.get({ namespace: '', name: gateName });
    const runs = { line: new WaitingLine(gate?.spec ?? {}), running: new Map(), orphans: new Map() };
    this.#byGate.set(gateName, runs);
    return runs;
  }

  /** Gates that come after this one for some run: what it passes on concerns them. */
  #laterGates(gate: Gate): readonly string[] {
    const name = gate.metadata.name ?? '';
    return this.#gates
      .list()
      .map((other) => other.metadata.name ?? '')
      .filter((other) => other > name);
  }

  #place(run: PipelineRun): readonly string[] {
    const state = stateOf(run);
    const key = keyText(keyOf(run));
    const names = gatesOf(run, this.#gates.list()).map(({ metadata }) => metadata.name ?? '');
    const [first, ...others] = names;
    const marked = markedGates(run);
    if (state === 'running') for (const name of names) this.#of(name).running.set(key, run);
    else if (state === 'waiting' && first !== undefined) this.#of(first).line.put(run, others.join(','));
    else if (state === 'waiting') for (const name of marked) this.#of(name).orphans.set(key, run);
    const gates = [...new Set([...names, ...marked])];
    this.#placed.set(key, { run, gates });
    return gates;
  }

  #unplace(run: PipelineRun): readonly string[] {
    const key = keyText(keyOf(run));
    const placed = this.#placed.get(key);
    this.#placed.delete(key);
    for (const name of placed?.gates ?? []) {
      const runs = this.#of(name);
      runs.line.remove(run);
      runs.running.delete(key);
      runs.orphans.delete(key);
    }
    return placed?.gates ?? [];
  }

  #rebuild(): void {
    const before = [...this.#byGate.keys()];
    this.#byGate = new Map();
    this.#placed = new Map();
    for (const run of this.#runs.list()) this.#place(run);
    const now = this.#gates.list().map(({ metadata }) => metadata.name ?? '');
    this.#tell([...before, ...now]);
  }

  #tell(gateNames: readonly string[]): void {
    for (const name of new Set(gateNames)) this.#changed(name);
  }
}
