import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Lister } from '../controller/contract.ts';
import { keyOf, keyText, type KubeObject } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import { GateIndex } from './gate-index.ts';
import { type Gate, managedGateKey } from './types.ts';

/** A cache by hand that counts how often all of it is read. */
class Cache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  lists = 0;

  put(object: T): void {
    this.#objects.set(keyText(keyOf(object)), object);
  }

  get(key: { readonly namespace: string; readonly name: string }): T | undefined {
    return this.#objects.get(keyText(key));
  }

  list(): readonly T[] {
    this.lists++;
    return [...this.#objects.values()];
  }

  byIndex(): readonly T[] {
    return [];
  }

  hasSynced(): boolean {
    return true;
  }
}

function gate(name: string, generation = 1): Gate {
  const metadata = { name, generation };
  return { apiVersion: 'penstock.dev/v1alpha1', kind: 'Gate', metadata, spec: { maxRunning: 1, repository: name } };
}

function waiting(name: string, gateName: string): PipelineRun {
  const labels = { 'pipelinesascode.tekton.dev/repository': gateName };
  const metadata = { namespace: 'ci', name, uid: name, labels, annotations: { [managedGateKey]: gateName } };
  return { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec: { status: 'PipelineRunPending' } };
}

describe('the index of gates', () => {
  it('is built once when hundreds of gates come one after another, and tells each of them', () => {
    const [gates, runs] = [new Cache<Gate>(), new Cache<PipelineRun>()];
    const told = new Set<string>();
    const index = new GateIndex(gates, runs, (name) => told.add(name));
    for (let number = 0; number < 300; number++) runs.put(waiting(`run-${number}`, `gate-${number % 300}`));
    for (let number = 0; number < 300; number++) {
      gates.put(gate(`gate-${number}`));
      index.gateHandler.added?.(gate(`gate-${number}`));
    }
    assert.equal(told.size, 300);
    assert.equal(runs.lists, 0, 'nobody has asked yet');
    for (let number = 0; number < 300; number++) assert.equal(index.of(`gate-${number}`).line.size, 1);
    assert.equal(runs.lists, 1);
  });

  it('knows a run that comes while it is out of date, once, and tells its gate', () => {
    const [gates, runs] = [new Cache<Gate>(), new Cache<PipelineRun>()];
    const told: string[] = [];
    const index = new GateIndex(gates, runs, (name) => told.push(name));
    gates.put(gate('a'));
    index.gateHandler.added?.(gate('a'));
    told.length = 0;
    const run = waiting('r', 'a');
    runs.put(run);
    index.runHandler.added?.(run);
    assert.deepEqual(told, ['a']);
    assert.equal(index.of('a').line.size, 1);
    index.runHandler.deleted?.(run);
    assert.equal(index.of('a').line.size, 0);
  });
});
