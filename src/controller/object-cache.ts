import type { Indexers } from './contract.ts';
import { assert, present } from '../base/assert.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';

/**
 * Objects of one kind by key, by namespace and by index values. Every change costs the same however many objects there
 * are; a list costs what it returns.
 */
export class ObjectCache<T extends KubeObject> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<string, ObjectIndex<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#namespaces.get(key.namespace)?.get(key.name);
  }

  /** The objects of a namespace, or all of them. */
  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    const all: T[] = [];
    for (const objects of this.#namespaces.values()) for (const object of objects.values()) all.push(object);
    return all;
  }

  /** The objects for which index function `name` returned `value`. */
  byIndex(name: string, value: string): readonly T[] {
    const index = present(this.#indexes.get(name), `no index "${name}" has been registered`);
    return index.find(value);
  }

  /** Adds indexes, over what is cached already too. A name that exists must come with the same function. */
  addIndexers(indexers: Indexers<T>): void {
    for (const [name, valuesOf] of Object.entries(indexers)) {
      const existing = this.#indexes.get(name);
      assert(
        existing === undefined || existing.valuesOf === valuesOf,
        `the index "${name}" is already registered with another function`,
      );
      if (existing === undefined) this.#indexes.set(name, this.#newIndex(valuesOf));
    }
  }

  /** Stores `object` under its key; returns what was there before. */
  put(object: T): T | undefined {
    const { namespace = '', name = '' } = object.metadata;
    const objects = this.#namespaceOf(namespace);
    const previous = objects.get(name);
    for (const index of this.#indexes.values()) index.replace(previous, object);
    objects.set(name, object);
    if (previous === undefined) this.#size++;
    return previous;
  }

  /** Removes the object of `key`; returns it. */
  remove(key: ObjectKey): T | undefined {
    const objects = this.#namespaces.get(key.namespace);
    const previous = objects?.get(key.name);
    if (objects === undefined || previous === undefined) return undefined;
    for (const index of this.#indexes.values()) index.replace(previous, undefined);
    objects.delete(key.name);
    if (objects.size === 0) this.#namespaces.delete(key.namespace);
    this.#size--;
    return previous;
  }

  #namespaceOf(namespace: string): Map<string, T> {
    const existing = this.#namespaces.get(namespace);
    if (existing !== undefined) return existing;
    const created = new Map<string, T>();
    this.#namespaces.set(namespace, created);
    return created;
  }

  #newIndex(valuesOf: (object: T) => readonly string[]): ObjectIndex<T> {
    const index = new ObjectIndex(valuesOf);
    for (const object of this.list()) index.replace(undefined, object);
    return index;
  }
}

/** Which objects have a value, by identity: the cache hands in the very object it handed in before. */
class ObjectIndex<T> {
  readonly valuesOf: (object: T) => readonly string[];
  readonly #objectsByValue = new Map<string, Set<T>>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.valuesOf = valuesOf;
  }

  find(value: string): readonly T[] {
    return [...(this.#objectsByValue.get(value) ?? [])];
  }

  replace(previous: T | undefined, object: T | undefined): void {
    // Both asked before anything changes: a function that throws leaves the index as it was.
    const before = previous === undefined ? [] : this.valuesOf(previous);
    const after = object === undefined ? [] : this.valuesOf(object);
    if (previous !== undefined) for (const value of before) this.#remove(value, previous);
    if (object !== undefined) for (const value of after) this.#add(value, object);
  }

  #add(value: string, object: T): void {
    const objects = this.#objectsByValue.get(value);
    if (objects === undefined) this.#objectsByValue.set(value, new Set([object]));
    else objects.add(object);
  }

  #remove(value: string, object: T): void {
    const objects = this.#objectsByValue.get(value);
    if (objects?.delete(object) && objects.size === 0) this.#objectsByValue.delete(value);
  }
}
