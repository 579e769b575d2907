import type { CustomParam } from '../../forge/kinds/repository.ts';
import { isProtectedVariable } from '../commands/protected-variables.ts';
import type { TemplateFacts } from '../types.ts';
import { evaluateExpression } from './dynamic.ts';

/** Most params of one Repository. */
export const customParamsMax = 500;

/** What the params of a Repository are worked out from. */
export interface CustomParamFacts {
  /** `spec.params` of the Repository, after those of the global one. */
  readonly declared: readonly CustomParam[];
  /** `variables` are the standard ones. */
  readonly template: TemplateFacts;
  /** The value a param's `secret_ref` leads to; undefined = there is no such Secret or key. */
  readonly readSecret: (param: CustomParam) => Promise<string | undefined>;
  /** `key=value` pairs of the comment that asked. */
  readonly commentArgs: Readonly<Record<string, string>>;
  /** What an incoming webhook or a schedule gave, already held against the allow-list. */
  readonly givenParams: Readonly<Record<string, string>>;
}

/** Values by name, and what was wrong on the way. */
export interface CustomParams {
  /** The standard variables with everything that overrides or joins them: for templates. */
  readonly variables: Readonly<Record<string, string>>;
  /** Only those that are no standard variables: for expressions of rules. */
  readonly params: Readonly<Record<string, string>>;
  /** Values that came out of Secrets: to be masked in whatever is shown. */
  readonly secretValues: readonly string[];
  /** Sentences for the owner of the Repository. */
  readonly complaints: readonly string[];
}

/**
 * Works out the params of one event. Of several declarations of a name the first one whose filter holds counts, else the
 * last without a filter; `value` beats `secret_ref`; one with neither has a value only if the comment gives it. Standard
 * variables are not overridden by declarations. A comment overrides standard variables and declared params, what an
 * incoming request gives overrides or adds anything; neither reaches protected variables.
 */
export async function customParams(facts: CustomParamFacts): Promise<CustomParams> {
  const declared = new Declarations(facts);
  for (const param of facts.declared.slice(0, customParamsMax)) await declared.take(param);
  if (facts.declared.length > customParamsMax) {
    declared.complaints.push(`spec.params: only the first ${customParamsMax} params are used`);
  }
  const standard = facts.template.variables;
  const variables = new Map([...declared.values, ...Object.entries(standard)]);
  const known = new Set([...Object.keys(standard), ...declared.names]);
  overrideFrom(facts.commentArgs, 'the comment', variables, declared.complaints, (name) => known.has(name));
  overrideFrom(facts.givenParams, 'the request', variables, declared.complaints, () => true);
  return {
    variables: Object.fromEntries(variables),
    params: Object.fromEntries([...variables].filter(([name]) => !Object.hasOwn(standard, name))),
    secretValues: declared.secretValues,
    complaints: declared.complaints,
  };
}

function overrideFrom(
  given: Readonly<Record<string, string>>,
  source: string,
  variables: Map<string, string>,
  complaints: string[],
  isKnown: (name: string) => boolean,
): void {
  for (const [name, value] of Object.entries(given)) {
    if (isProtectedVariable(name)) complaints.push(`${source} may not set "${name}": it stays what the event says`);
    else if (isKnown(name)) variables.set(name, value);
  }
}

class Declarations {
  readonly values = new Map<string, string>();
  /** All that are declared for this event, those without a value too. */
  readonly names = new Set<string>();
  readonly secretValues: string[] = [];
  readonly complaints: string[] = [];
  readonly #filtered = new Set<string>();
  readonly #facts: CustomParamFacts;

  constructor(facts: CustomParamFacts) {
    this.#facts = facts;
  }

  async take(param: CustomParam): Promise<void> {
    if (!param.name) {
      this.complaints.push('spec.params: a param without a name is not used');
      return;
    }
    if (param.filter) {
      if (this.#filtered.has(param.name) || !this.#holds(param.name, param.filter)) return;
      this.#filtered.add(param.name);
    } else if (this.#filtered.has(param.name)) return;
    this.names.add(param.name);
    const value = param.value || (await this.#secretValue(param));
    if (value !== undefined) this.values.set(param.name, value);
  }

  #holds(name: string, filter: string): boolean {
    const result = evaluateExpression(filter, this.#facts.template);
    if (result.ok && typeof result.value === 'boolean') return result.value;
    const problem = result.ok ? 'is not true or false' : `cannot be evaluated: ${result.message}`;
    this.complaints.push(`spec.params: the filter of "${name}" ${problem}; the param is not used`);
    return false;
  }

  async #secretValue(param: CustomParam): Promise<string | undefined> {
    if (param.secret_ref === undefined) return undefined;
    const place = `Secret "${param.secret_ref.name}", key "${param.secret_ref.key ?? ''}"`;
    // A call that fails throws: a run without the param would be another run than the one that was asked for.
    const value = await this.#facts.readSecret(param);
    if (value === undefined) this.complaints.push(`spec.params: "${param.name}" has no value: no ${place}`);
    else if (value !== '') this.secretValues.push(value);
    return value;
  }
}
