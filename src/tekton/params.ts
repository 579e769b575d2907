import { present } from '../base/assert.ts';
import { expandedCharacters, expandedCharactersMax } from './expansion.ts';
import { paramReferencesOf } from './references.ts';
import type { ParamReference } from './variables.ts';
import { addValue, isTextList, newReplacements, type Replacements } from './replacements.ts';
import { substituteValue } from './substitution.ts';
import type { Param, ParamSpec, ParamValue } from './types.ts';
import { decodeParamValue, typeOfSpec, typeOfValue } from './values.ts';

/** A default may name a param whose default names another, and so on; this often (Tekton's limit). */
const defaultDepthMax = 10;

/** Why a run cannot be given its params: `reason` as Tekton names it on a PipelineRun. */
export interface ParamProblem {
  readonly reason: string;
  readonly message: string;
}

/**
 * Checks that `params` give what `specs` require: presence, types, allowed values, keys of objects, and that no element
 * past the end of a list is asked for in `uses`. Params that no spec declares are allowed and ignored.
 */
export function checkParams(
  specs: readonly ParamSpec[],
  params: readonly Param[],
  uses: readonly ParamReference[] = [],
): ParamProblem | undefined {
  const given = givenValues(params);
  return (
    checkPresence(specs, given) ??
    firstProblem(specs, (spec) => checkType(spec, given.get(spec.name))) ??
    firstProblem(specs, (spec) => checkEnum(spec, given.get(spec.name))) ??
    firstProblem(specs, (spec) => checkKeys(spec, given.get(spec.name))) ??
    checkDefaults(specs, params) ??
    checkIndexing(specs, params, uses)
  );
}

/**
 * Replacements for the params given and the defaults of the others; an object's members are laid over its default's. A
 * default may name other params. `legacyInputs` adds the spelling `$(inputs.params.N)` that Tasks may still use.
 */
export function paramReplacements(
  specs: readonly ParamSpec[],
  params: readonly Param[],
  options: { readonly legacyInputs?: boolean } = {},
): Replacements {
  const replacements = newReplacements();
  for (const [name, value] of paramValues(specs, params)) {
    addValue(replacements, 'params', name, value);
    if (options.legacyInputs) addValue(replacements, 'inputs.params', name, value);
  }
  return replacements;
}

/** The value of every param that has one, declared or not. */
export function paramValues(specs: readonly ParamSpec[], params: readonly Param[]): ReadonlyMap<string, ParamValue> {
  return resolveParams(specs, params).values;
}

interface ResolvedParams {
  readonly values: ReadonlyMap<string, ParamValue>;
  /** Why a default could not be filled in; it then stays as it is written. */
  readonly problem?: string;
}

function resolveParams(specs: readonly ParamSpec[], params: readonly Param[]): ResolvedParams {
  const given = givenValues(params);
  const defaults = defaultsInForce(specs, given);
  const values = new Map(given);
  const { order, problem: cycle } = resolutionOrder(defaults);
  let problem = cycle;
  let total = 0;
  for (const name of order) {
    const fallback = present(defaults.get(name), 'only defaults are put in order');
    const replacements = paramsUsedBy(fallback, values);
    total += expandedCharacters(fallback, replacements);
    const fits = total <= expandedCharactersMax;
    if (!fits)
      problem ??= `with the default of param "${name}" all defaults together would have ${total} characters; at most ${expandedCharactersMax} are allowed`;
    values.set(name, overlay(fits ? substituteValue(fallback, replacements) : fallback, given.get(name)));
  }
  return { values, ...(problem === undefined ? {} : { problem }) };
}

function paramsUsedBy(value: ParamValue, values: ReadonlyMap<string, ParamValue>): Replacements {
  const replacements = newReplacements();
  for (const name of new Set(paramReferencesOf(value).map((reference) => reference.name))) {
    const other = values.get(name);
    if (other !== undefined) addValue(replacements, 'params', name, other);
  }
  return replacements;
}

/** Defaults that show: those of params not given, and of objects, whose missing keys come from the default. */
function defaultsInForce(specs: readonly ParamSpec[], given: ReadonlyMap<string, ParamValue>): Map<string, ParamValue> {
  const defaults = new Map<string, ParamValue>();
  for (const { name, default: value } of specs) {
    const own = given.get(name);
    if (value !== undefined && (own === undefined || typeOfValue(own) === 'object'))
      defaults.set(name, decodeParamValue(value));
  }
  return defaults;
}

/** Names so that each comes after those its default uses, and what prevents such an order. */
interface ResolutionOrder {
  readonly order: readonly string[];
  readonly problem?: string;
}

function resolutionOrder(defaults: ReadonlyMap<string, ParamValue>): ResolutionOrder {
  const order = new Set<string>();
  const depths = new Map<string, number>();
  let problem: string | undefined;
  const visit = (name: string, path: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const value = defaults.get(name);
    if (value === undefined) return 0;
    if (path.includes(name)) {
      problem ??= `defaults of params name each other: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`;
      return 0;
    }
    if (path.length > defaultDepthMax) {
      problem ??= `defaults of params name each other more than ${defaultDepthMax} deep: ${path.join(' → ')}`;
      return 0;
    }
    const uses = paramReferencesOf(value).map((use) => visit(use.name, [...path, name]));
    const depth = 1 + Math.max(0, ...uses);
    depths.set(name, depth);
    order.add(name);
    return depth;
  };
  for (const name of defaults.keys()) visit(name, []);
  return { order: [...order], ...(problem === undefined ? {} : { problem }) };
}

function givenValues(params: readonly Param[]): ReadonlyMap<string, ParamValue> {
  return new Map(params.map(({ name, value }) => [name, decodeParamValue(value)]));
}

function overlay(base: ParamValue, value: ParamValue | undefined): ParamValue {
  if (value === undefined) return base;
  const both = typeOfValue(base) === 'object' && typeOfValue(value) === 'object';
  return both ? { ...(base as Record<string, string>), ...(value as Record<string, string>) } : value;
}

type Given = ReadonlyMap<string, ParamValue>;

function firstProblem(
  specs: readonly ParamSpec[],
  check: (spec: ParamSpec) => ParamProblem | undefined,
): ParamProblem | undefined {
  for (const spec of specs) {
    const problem = check(spec);
    if (problem) return problem;
  }
  return undefined;
}

function checkPresence(specs: readonly ParamSpec[], given: Given): ParamProblem | undefined {
  const missing = specs.filter((spec) => spec.default === undefined && !given.has(spec.name));
  if (missing.length === 0) return undefined;
  const names = missing.map(({ name }) => `"${name}"`).join(', ');
  return { reason: 'ParameterMissing', message: `no value is given for param ${names}, which has no default` };
}

function checkType(spec: ParamSpec, value: ParamValue | undefined): ParamProblem | undefined {
  const [expected, actual] = [typeOfSpec(spec), value === undefined ? undefined : typeOfValue(value)];
  if (actual === undefined || actual === expected) return undefined;
  const message = `param "${spec.name}" is declared as ${expected}, but the value given is of type ${actual}`;
  return { reason: 'ParameterTypeMismatch', message };
}

function checkEnum(spec: ParamSpec, value: ParamValue | undefined): ParamProblem | undefined {
  const allowed = spec.enum ?? [];
  if (allowed.length === 0 || typeof value !== 'string' || allowed.includes(value)) return undefined;
  const message = `param "${spec.name}" has the value ${JSON.stringify(value)}, which is none of those allowed: ${allowed.join(', ')}`;
  return { reason: 'InvalidParamValue', message };
}

/** Every key among the declared properties comes from the value given or from the default. */
function checkKeys(spec: ParamSpec, value: ParamValue | undefined): ParamProblem | undefined {
  if (typeOfSpec(spec) !== 'object' || spec.properties === undefined) return undefined;
  const keys = new Set([spec.default, value].flatMap((one) => (isObjectValue(one) ? Object.keys(one) : [])));
  const missing = Object.keys(spec.properties).filter((key) => !keys.has(key));
  if (missing.length === 0) return undefined;
  const message = `param "${spec.name}" lacks the keys ${missing.map((key) => `"${key}"`).join(', ')}`;
  return { reason: 'ObjectParameterMissKeys', message };
}

function isObjectValue(value: ParamValue | undefined): value is Readonly<Record<string, string>> {
  return value !== undefined && typeof value !== 'string' && !isTextList(value);
}

function checkDefaults(specs: readonly ParamSpec[], params: readonly Param[]): ParamProblem | undefined {
  const { problem } = resolveParams(specs, params);
  return problem === undefined ? undefined : { reason: 'PipelineValidationFailed', message: problem };
}

function checkIndexing(
  specs: readonly ParamSpec[],
  params: readonly Param[],
  uses: readonly ParamReference[],
): ParamProblem | undefined {
  if (!uses.some(({ index }) => index !== undefined)) return undefined;
  const values = paramValues(specs, params);
  for (const { name, index } of uses) {
    const value = values.get(name);
    if (index === undefined || value === undefined || !isTextList(value) || index < value.length) continue;
    const message = `$(params.${name}[${index}]) is past the end: param "${name}" has ${value.length} elements, counted from 0`;
    return { reason: 'ParamArrayIndexingInvalid', message };
  }
  return undefined;
}
