/** Reading the parameters in the query. */
import type { ApiRequest } from '../kube/transport.ts';
import { badRequest } from './status-errors.ts';

type Query = ApiRequest['query'];

/** `true` or `1`, as Kubernetes reads them; absent and empty are false. Anything else is refused. */
export function booleanParameter(query: Query, name: string): boolean {
  const text = query[name];
  if (text === undefined || text === '' || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw badRequest(`the parameter ${name} must be true or false, not ${JSON.stringify(text)}`);
}

/** A whole number that is not negative; undefined when absent or empty. */
export function integerParameter(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw badRequest(`the parameter ${name} must be a whole number that is not negative, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

/** A revision: undefined when absent or empty, 0 = any will do. */
export function revisionParameter(query: Query): number | undefined {
  const text = query['resourceVersion'];
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`invalid resource version ${JSON.stringify(text)}: not a number`);
  return Number(text);
}

/** Whether nothing may be stored. Only `All` is known. */
export function dryRunParameter(query: Query): boolean {
  return isDryRun(query['dryRun'] === undefined ? [] : [query['dryRun']]);
}

/** The same of `dryRun` in a body. */
export function isDryRun(stages: readonly unknown[]): boolean {
  for (const stage of stages) {
    if (stage !== 'All') throw badRequest(`invalid dryRun: ${JSON.stringify(stage)}: only All is known`);
  }
  return stages.includes('All');
}

/** What to do about unknown fields. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** `fieldValidation`; `Warn` when absent, as in Kubernetes. */
export function fieldValidationParameter(query: Query): FieldValidation {
  const text = query['fieldValidation'];
  if (text === undefined || text === '') return 'Warn';
  if (text === 'Strict' || text === 'Warn' || text === 'Ignore') return text;
  throw badRequest(`the parameter fieldValidation must be Strict, Warn or Ignore, not ${JSON.stringify(text)}`);
}

/** Longest name of a field manager, in characters. */
const managerCharactersMax = 128;

/** Who writes, for field ownership: `fieldManager`, or the user agent up to the first slash, or the user without prefix. */
export function fieldManagerParameter(request: ApiRequest, userName: string): string {
  const given = request.query['fieldManager'];
  if (given !== undefined && given.length > managerCharactersMax) {
    throw badRequest(`fieldManager may not have more than ${managerCharactersMax} characters`);
  }
  if (given) return given;
  const agent = request.headers['user-agent']?.split('/', 1)[0] ?? '';
  const name = agent === '' ? userName.slice(userName.lastIndexOf(':') + 1) : agent;
  return name.slice(0, managerCharactersMax);
}
