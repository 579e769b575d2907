import { isJsonObject } from '../../base/json.ts';
import type { ParamValue, ResultSpec, ResultValue } from '../types.ts';
import { typeOfResult } from '../values.ts';
import type { StepEvidence } from './evidence.ts';

/** The results of an attempt, or why they cannot be what the Task declares. */
export type ResultsReading =
  | { readonly ok: true; readonly results: readonly ResultValue[] }
  | { readonly ok: false; readonly message: string };

/** A result that is a step's: group 1 the step, then the result in one of its three spellings. */
const stepResult = /^\$\(steps\.([^.()]+)\.results(?:\.([\w.-]+)|\['([^'()]+)'\]|\["([^"()]+)"\])\)$/;

/**
 * The declared results that the steps have reported, in the order of their declaration (reference/tekton 2.10). Of one
 * that several steps report, the last counts; one that nobody wrote is left out; texts are kept byte for byte.
 */
export function readResults(declared: readonly ResultSpec[], steps: readonly StepEvidence[]): ResultsReading {
  const results: ResultValue[] = [];
  for (const spec of declared) {
    const text = textOf(spec, steps);
    if (text === undefined) continue;
    const value = typedResult(spec, text);
    if (value === undefined) return { ok: false, message: mismatchText(spec, text) };
    results.push({ name: spec.name, type: typeOfResult(spec), value });
  }
  return { ok: true, results };
}

function textOf(spec: ResultSpec, steps: readonly StepEvidence[]): string | undefined {
  if (spec.value === undefined)
    return steps.findLast(({ report }) => report?.results.has(spec.name))?.report?.results.get(spec.name);
  const match = typeof spec.value === 'string' ? stepResult.exec(spec.value.trim()) : null;
  if (match === null) return undefined;
  const [, step, plain, single, double] = match;
  const from = steps.find(({ name }) => name === step);
  return from?.report?.stepResults.get(plain ?? single ?? double ?? '');
}

/** The value that `text` is, as `spec` declares it; `undefined` when it is not of that type. */
export function typedResult(spec: ResultSpec, text: string): ParamValue | undefined {
  const type = typeOfResult(spec);
  if (type === 'string') return text;
  const value = parseJson(text);
  if (type === 'array') return isTexts(value) ? value : undefined;
  if (!isJsonObject(value) || !isTexts(Object.values(value))) return undefined;
  const missing = Object.keys(spec.properties ?? {}).some((key) => !Object.hasOwn(value, key));
  return missing ? undefined : (value as Readonly<Record<string, string>>);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** So much of a wrong value is shown. */
const shownCharactersMax = 100;

function mismatchText(spec: ResultSpec, text: string): string {
  const keys = Object.keys(spec.properties ?? {});
  const shape =
    typeOfResult(spec) === 'array'
      ? 'a JSON list of strings'
      : `a JSON object of strings${keys.length === 0 ? '' : ` with the keys ${keys.join(', ')}`}`;
  const shown = text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
  return `result "${spec.name}" must be ${shape}, but a step wrote ${JSON.stringify(shown)}`;
}
