import type { Param, ParamSpec, ParamValue, ResultSpec } from '../types.ts';
import { decodeParamValue, typeOfSpec, typeOfValue } from '../values.ts';
import { variablesIn } from '../variables.ts';
import { type Causes, duplicate, duplicates, invalid, required } from './causes.ts';
import { checkCount, checkLength, paramsMax, valueCharactersMax } from './limits.ts';
import { checkParamName } from './names.ts';

/** Checks declarations of params: names, types against defaults, properties, allowed values. */
export function* checkParamSpecs(specs: readonly ParamSpec[] | undefined, field: string): Causes {
  if (specs === undefined) return;
  yield* checkCount(specs, paramsMax, field);
  yield* duplicates(specs, field, 'name', ({ name }) => name);
  for (const [index, spec] of specs.entries()) yield* checkParamSpec(spec, `${field}[${index}]`);
}

function* checkParamSpec(spec: ParamSpec, field: string): Causes {
  const type = typeOfSpec(spec);
  yield* checkParamName(spec.name, type === 'object', `${field}.name`);
  yield* checkProperties(spec, field, spec.default !== undefined);
  if (type === 'object') yield* checkObjectKeys(spec, field);
  if (spec.default !== undefined) yield* checkDefault(spec, field);
  yield* checkEnum(spec, field);
}

/** Checks the properties of a declared param or result. An object's keys must be known, from them or from a default. */
export function* checkProperties(spec: ParamSpec | ResultSpec, field: string, hasDefault: boolean): Causes {
  const { type, properties } = spec;
  if (type === 'object' && properties === undefined && !hasDefault) {
    yield required(`${field}.properties`, `"${spec.name}" is of type object: list its keys in properties`);
  }
  if (properties === undefined) return;
  if (type && type !== 'object')
    yield invalid(`${field}.type`, `"${spec.name}" has properties, so its type is object, not ${type}`);
  for (const [key, property] of Object.entries(properties)) {
    if (property?.type && property.type !== 'string') {
      yield invalid(`${field}.properties.${key}.type`, `the type of a key is string, not ${String(property.type)}`);
    }
  }
}

function* checkObjectKeys(spec: ParamSpec, field: string): Causes {
  for (const key of Object.keys(spec.properties ?? {})) yield* checkParamName(key, true, `${field}.properties.${key}`);
}

function* checkDefault(spec: ParamSpec, field: string): Causes {
  const value = decodeParamValue(spec.default);
  const [declared, actual] = [typeOfSpec(spec), typeOfValue(value)];
  if (declared !== actual) {
    yield invalid(`${field}.default`, `"${spec.name}" is of type ${declared}, but its default is of type ${actual}`);
  }
  yield* checkValueLengths(value, `${field}.default`);
}

function* checkEnum(spec: ParamSpec, field: string): Causes {
  const allowed = spec.enum;
  if (allowed === undefined || allowed.length === 0) return;
  if (typeOfSpec(spec) !== 'string') yield invalid(`${field}.enum`, 'only a param of type string can have an enum');
  yield* checkCount(allowed, paramsMax, `${field}.enum`);
  const seen = new Set<string>();
  for (const [index, value] of allowed.entries()) {
    if (seen.has(value))
      yield duplicate(`${field}.enum[${index}]`, `${JSON.stringify(value)} stands in the enum already`);
    seen.add(value);
  }
  const fallback = spec.default;
  if (typeof fallback === 'string' && variablesIn(fallback).length === 0 && !allowed.includes(fallback)) {
    yield invalid(
      `${field}.default`,
      `${JSON.stringify(fallback)} is none of the values of the enum: ${allowed.join(', ')}`,
    );
  }
}

/**
 * Checks values given to params: names are unique without regard to case. `ofRun`: they come from a run, where no task
 * has results yet.
 */
export function* checkParams(params: readonly Param[] | undefined, field: string, ofRun = false): Causes {
  if (params === undefined) return;
  yield* checkCount(params, paramsMax, field);
  yield* duplicates(params, field, 'name', ({ name }) => name.toLowerCase());
  for (const [index, { name, value: raw }] of params.entries()) {
    if (name === '') yield required(`${field}[${index}].name`, 'a value needs the name of its param');
    const value = decodeParamValue(raw);
    yield* checkValueLengths(value, `${field}[${index}].value`);
    if (ofRun) yield* checkNoResults(value, `${field}[${index}].value`);
  }
}

function* checkNoResults(value: ParamValue, field: string): Causes {
  for (const text of textsOf(value)) {
    const use = variablesIn(text).find(({ variable }) => variable.kind === 'taskResult');
    if (use === undefined) continue;
    yield invalid(field, `${use.text}: a run cannot be given results of its own tasks; use them in params of a task`);
    return;
  }
}

function* checkValueLengths(value: ParamValue, field: string): Causes {
  for (const text of textsOf(value)) yield* checkLength(text, valueCharactersMax, field);
}

function textsOf(value: ParamValue): readonly string[] {
  return typeof value === 'string' ? [value] : Object.values(value);
}
