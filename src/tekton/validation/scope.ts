import type { Param, ParamSpec, ParamType, ParamValue } from '../types.ts';
import { decodeParamValue, typeOfSpec, typeOfValue } from '../values.ts';
import { variablesIn } from '../variables.ts';

/** What is known of a param where a variable names it. */
export interface KnownParam {
  /** Absent when only the run will show it. */
  readonly type?: ParamType;
  /** Keys of an object; absent when they are not known. */
  readonly keys?: ReadonlySet<string>;
}

/** The params that a variable may name, by name. */
export type ParamScope = ReadonlyMap<string, KnownParam>;

/** What an embedded spec sees beside what it declares. */
export interface OuterScope {
  /** Params of what it is embedded in. Absent when not all are known, so that unknown names are taken on trust. */
  readonly params?: ParamScope;
  /** Workspaces likewise. */
  readonly workspaces?: ReadonlySet<string>;
}

/** The params that `specs` declare. */
export function declaredParams(specs: readonly ParamSpec[]): ParamScope {
  return new Map(specs.map((spec) => [spec.name, knownBySpec(spec)]));
}

/** The params that `params` give values to. */
export function givenParams(params: readonly Param[]): ParamScope {
  return new Map(params.map(({ name, value }) => [name, knownByValue(decodeParamValue(value))]));
}

/** All of `scopes` together. Where they disagree about a type it counts as unknown; keys add up. */
export function mergeScopes(...scopes: readonly ParamScope[]): ParamScope {
  const merged = new Map<string, KnownParam>();
  for (const scope of scopes) {
    for (const [name, param] of scope) {
      const known = merged.get(name);
      merged.set(name, known === undefined ? param : both(known, param));
    }
  }
  return merged;
}

function knownBySpec(spec: ParamSpec): KnownParam {
  const type = typeOfSpec(spec);
  if (type !== 'object') return { type };
  const fallback = spec.default === undefined ? undefined : decodeParamValue(spec.default);
  const keys = new Set(Object.keys(spec.properties ?? {}));
  if (fallback !== undefined && typeOfValue(fallback) === 'object')
    for (const key of Object.keys(fallback)) keys.add(key);
  return { type, keys };
}

/** A text that is one variable alone may become a list or an object. */
function knownByValue(value: ParamValue): KnownParam {
  const type = typeOfValue(value);
  if (type === 'object') return { type, keys: new Set(Object.keys(value)) };
  if (type === 'string' && variablesIn(value as string).some(({ isWhole }) => isWhole)) return {};
  return { type };
}

function both(a: KnownParam, b: KnownParam): KnownParam {
  if (a.type === undefined || a.type !== b.type) return {};
  if (a.keys === undefined || b.keys === undefined) return { type: a.type };
  return { type: a.type, keys: new Set([...a.keys, ...b.keys]) };
}
