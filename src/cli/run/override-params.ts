import { UserError } from '../../base/errors.ts';
import { isJsonList, isJsonObject } from '../../base/json.ts';
import type { Param, ParamSpec, ParamType, ParamValue } from '../../tekton/types.ts';

/** The most `--param` options of one command. */
export const paramOptionsMax = 500;

/**
 * The params of a run with those given as `NAME=VALUE` in their place. A value becomes what the param is declared to
 * be: an array from a JSON list or from `a,b,c`, an object from a JSON object. Throws a {@link UserError} otherwise,
 * and for a name that the run neither gives nor declares.
 */
export function overrideParams(
  given: readonly Param[],
  declared: readonly ParamSpec[],
  options: readonly string[],
): readonly Param[] {
  const overrides = new Map(options.map((option) => parseOption(option, given, declared)));
  const kept = given.map((param) => ({ ...param, value: overrides.get(param.name) ?? param.value }));
  const added = [...overrides].filter(([name]) => !given.some((param) => param.name === name));
  return [...kept, ...added.map(([name, value]) => ({ name, value }))];
}

function parseOption(
  option: string,
  given: readonly Param[],
  declared: readonly ParamSpec[],
): readonly [string, ParamValue] {
  const equals = option.indexOf('=');
  const name = option.slice(0, Math.max(0, equals));
  if (name === '') {
    throw new UserError(`--param ${option} is not of the form NAME=VALUE`, { code: 'PARAM_SYNTAX' });
  }
  const spec = declared.find((candidate) => candidate.name === name);
  const current = given.find((param) => param.name === name);
  if (!spec && !current)
    throw unknownParam(
      name,
      [...declared, ...given].map((param) => param.name),
    );
  const type = spec?.type ?? typeOf(spec?.default ?? current?.value);
  return [name, parseValue(name, option.slice(equals + 1), type)];
}

function unknownParam(name: string, known: readonly string[]): UserError {
  const names = [...new Set(known)];
  return new UserError(`the run has no param ${name}`, {
    code: 'PARAM_UNKNOWN',
    remedy: names.length > 0 ? `its params are ${names.join(', ')}` : 'it declares no params',
  });
}

function typeOf(value: ParamValue | undefined): ParamType {
  if (value === undefined || typeof value === 'string') return 'string';
  return isJsonList(value) ? 'array' : 'object';
}

function parseValue(name: string, text: string, type: ParamType): ParamValue {
  if (type === 'string') return text;
  if (type === 'array' && !text.trimStart().startsWith('[')) return text === '' ? [] : text.split(',');
  const value = parseJson(text);
  const strings = (values: readonly unknown[]): boolean => values.every((item) => typeof item === 'string');
  if (type === 'array' && isJsonList(value) && strings(value)) return value as readonly string[];
  if (type === 'object' && isJsonObject(value) && strings(Object.values(value))) {
    return value as Readonly<Record<string, string>>;
  }
  const example = type === 'array' ? `'${name}=["a","b"]' or ${name}=a,b` : `'${name}={"key":"value"}'`;
  throw new UserError(`--param ${name} is declared as ${type}, and ${JSON.stringify(text)} is not one`, {
    code: 'PARAM_TYPE',
    remedy: `write it as ${example}`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
