import { isTextList } from './replacements.ts';
import type { ParamSpec, ParamType, ParamValue, ResultSpec } from './types.ts';

/**
 * The value that a JSON value stands for where a param or result is given (reference/tekton 1.7): a list of texts and a
 * map of texts stay what they are, `null` is the empty text, everything else becomes its JSON text. Returns `value` itself
 * when nothing changes.
 */
export function decodeParamValue(value: unknown): ParamValue {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return JSON.stringify(value);
  const isText = Object.values(value).every((member) => typeof member === 'string');
  return isText ? (value as ParamValue) : JSON.stringify(value);
}

/** The type of a value. */
export function typeOfValue(value: ParamValue): ParamType {
  if (typeof value === 'string') return 'string';
  return isTextList(value) ? 'array' : 'object';
}

/** The type a declaration has: the one it states, else `object` when it has properties, else that of its default. */
export function typeOfSpec(spec: ParamSpec): ParamType {
  if (spec.type) return spec.type;
  if (spec.properties) return 'object';
  return spec.default === undefined ? 'string' : typeOfValue(decodeParamValue(spec.default));
}

/** The type a declared result has: the one it states, else `object` when it has properties, else `string`. */
export function typeOfResult(spec: ResultSpec): ParamType {
  if (spec.type) return spec.type;
  return spec.properties ? 'object' : 'string';
}
