import type { KindDefinition } from '../schema/kind-definition.ts';

/** The versions of one resource. Objects are kept in the storage version; the others are views of the same objects. */
export interface ServedResource {
  readonly group: string;
  /** Plural, as in paths. */
  readonly resource: string;
  /** The version objects are stored in. It need not be served. */
  readonly storage: KindDefinition;
  /** What is served, in order of preference. */
  readonly served: readonly KindDefinition[];
}

/**
 * The kinds the server serves now. Built-in ones are there from the start; CustomResourceDefinitions come and go.
 * A change replaces all versions of a resource at once, so no reader sees half a change.
 */
export class KindRegistry {
  readonly #resources = new Map<string, ServedResource>();
  readonly #served = new Map<string, KindDefinition>();
  readonly #byKind = new Map<string, ServedResource>();
  readonly #listeners = new Set<() => void>();
  #all: readonly KindDefinition[] | undefined;

  /** Registers `kinds`; several versions of one resource are stored in the one that comes first. */
  constructor(kinds: readonly KindDefinition[] = []) {
    for (const group of Map.groupBy(kinds, (kind) => resourceKey(kind.type.group, kind.type.resource)).values()) {
      this.#insert(servedResource(group));
    }
  }

  /** Every served kind and version: the same list as long as nothing changed. */
  all(): readonly KindDefinition[] {
    this.#all ??= [...this.#resources.values()].flatMap((resource) => resource.served);
    return this.#all;
  }

  /** Every resource, each once. */
  resources(): readonly ServedResource[] {
    return [...this.#resources.values()];
  }

  /** The kind served at `/apis/group/version/resource`. */
  find(group: string, version: string, resource: string): KindDefinition | undefined {
    return this.#served.get(`${group}/${version}/${resource}`);
  }

  /** The kind that manifests and owner references name by `apiVersion` and `kind`. */
  findKind(apiVersion: string, kind: string): KindDefinition | undefined {
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    return this.all().find(({ type }) => type.kind === kind && type.group === group && type.version === version);
  }

  /** The resource whose objects are of this kind, whatever the version. */
  resourceOfKind(group: string, kind: string): ServedResource | undefined {
    return this.#byKind.get(`${group}/${kind}`);
  }

  /** A resource with all its versions. */
  resource(group: string, resource: string): ServedResource | undefined {
    return this.#resources.get(resourceKey(group, resource));
  }

  /** Serves `kind` as the only version of its resource. */
  add(kind: KindDefinition): void {
    this.put(servedResource([kind]));
  }

  /** Serves a resource, in place of what was served for it before. */
  put(resource: ServedResource): void {
    this.#drop(resource.group, resource.resource);
    this.#insert(resource);
    this.#changed();
  }

  /** Stops serving a resource in all versions; false when it was not served. */
  remove(group: string, resource: string): boolean {
    if (!this.#drop(group, resource)) return false;
    this.#changed();
    return true;
  }

  /** Calls `listener` after each change; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #insert(resource: ServedResource): void {
    this.#resources.set(resourceKey(resource.group, resource.resource), resource);
    this.#byKind.set(`${resource.group}/${resource.storage.type.kind}`, resource);
    for (const kind of resource.served) {
      this.#served.set(`${kind.type.group}/${kind.type.version}/${kind.type.resource}`, kind);
    }
  }

  #drop(group: string, resource: string): boolean {
    const key = resourceKey(group, resource);
    const known = this.#resources.get(key);
    if (known === undefined) return false;
    for (const kind of known.served) this.#served.delete(`${group}/${kind.type.version}/${resource}`);
    this.#byKind.delete(`${group}/${known.storage.type.kind}`);
    return this.#resources.delete(key);
  }

  #changed(): void {
    this.#all = undefined;
    for (const listener of this.#listeners) listener();
  }
}

function resourceKey(group: string, resource: string): string {
  return `${group}/${resource}`;
}

function servedResource(versions: readonly KindDefinition[]): ServedResource {
  const [storage] = versions;
  if (storage === undefined) throw new RangeError('a resource has at least one version');
  return { group: storage.type.group, resource: storage.type.resource, storage, served: versions };
}
