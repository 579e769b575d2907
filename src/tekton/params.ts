import { addValue, isTextList, newReplacements, type Replacements } from './replacements.ts';
import type { Param, ParamSpec, ParamType, ParamValue } from './types.ts';

/** Checks that `params` give what `specs` require: presence and type. Params that no spec declares are allowed. */
export function checkParams(
  specs: readonly ParamSpec[],
  params: readonly Param[],
): { readonly reason: string; readonly message: string } | undefined {
  const given = new Map(params.map(({ name, value }) => [name, value]));
  const missing = specs.filter((spec) => spec.default === undefined && !given.has(spec.name));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => `"${name}"`).join(', ');
    return { reason: 'ParameterMissing', message: `no value is given for param ${names}, which has no default` };
  }
  for (const spec of specs) {
    const value = given.get(spec.name);
    const [expected, actual] = [typeOf(spec), value === undefined ? undefined : typeOfValue(value)];
    if (actual === undefined || actual === expected) continue;
    const message = `param "${spec.name}" is declared as ${expected}, but the value given is of type ${actual}`;
    return { reason: 'ParameterTypeMismatch', message };
  }
  return undefined;
}

/** Replacements for the params given and the defaults of the others; an object's members are laid over its default's. */
export function paramReplacements(specs: readonly ParamSpec[], params: readonly Param[]): Replacements {
  const values = new Map<string, ParamValue>();
  for (const { name, default: value } of specs) if (value !== undefined) values.set(name, value);
  for (const { name, value } of params) values.set(name, overlay(values.get(name), value));
  const replacements = newReplacements();
  for (const [name, value] of values) addValue(replacements, 'params', name, value);
  return replacements;
}

/** The type of a value. */
export function typeOfValue(value: ParamValue): ParamType {
  if (typeof value === 'string') return 'string';
  return isTextList(value) ? 'array' : 'object';
}

function typeOf(spec: ParamSpec): ParamType {
  if (spec.type) return spec.type;
  if (spec.properties) return 'object';
  return spec.default === undefined ? 'string' : typeOfValue(spec.default);
}

function overlay(base: ParamValue | undefined, value: ParamValue): ParamValue {
  const both = base !== undefined && typeOfValue(base) === 'object' && typeOfValue(value) === 'object';
  return both ? { ...(base as Record<string, string>), ...(value as Record<string, string>) } : value;
}
