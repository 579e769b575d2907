/** The expressions of `on-cel-expression`. */
import { isJsonObject } from '../../base/json.ts';
import type { Budget } from '../../cel/budget.ts';
import { isVariableName, ExpressionEnvironment, type Expression } from '../../cel/expression.ts';
import { ExpressionError } from '../../cel/expression-error.ts';
import type { Mentions } from '../../cel/syntax-tree.ts';
import type { ChangedFiles } from '../../forge/forge.ts';
import { fileLists } from '../templates/dynamic.ts';
import type { MatchFacts } from '../types.ts';
import { fullRef, shortBranch } from './branches.ts';
import { compileGlob, type Glob } from './glob.ts';

/** Variables of every expression, and their types. A custom param of the same name is not seen. */
const variables = {
  event: 'string',
  event_type: 'string',
  event_title: 'string',
  target_branch: 'string',
  source_branch: 'string',
  target_url: 'string',
  source_url: 'string',
  body: 'dyn',
  headers: 'map<string, string>',
  files: 'map<string, list<string>>',
} as const;

/** Steps of a glob's program that cost as much as one step of an expression. */
const matchWorkPerStep = 256;
/** Compiling a glob costs about as much as so many steps for each of its characters. */
const compileCostPerUnit = 10;

/**
 * What an expression said. `depends`: the host did not tell all changed files, and the answer depends on them. `no-answer`: it
 * asks for what this event does not have (`body.pull_request` of a push): it is not for it. `failed`: its author is to mend it.
 */
export type Verdict =
  | { readonly kind: 'decided'; readonly matched: boolean }
  | { readonly kind: 'depends' }
  | { readonly kind: 'no-answer'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Compiles and evaluates the expressions of one event. */
export class MatchExpressions {
  readonly #facts: MatchFacts;
  readonly #changedFiles: () => Promise<ChangedFiles>;
  /** Made when the first expression is compiled: most folders have none. */
  #environment: ExpressionEnvironment | undefined;
  #view: FilesView = new FilesView(undefined);

  /** `changedFiles` is asked only if an answer depends on it. */
  constructor(facts: MatchFacts, changedFiles: () => Promise<ChangedFiles>) {
    this.#facts = facts;
    this.#changedFiles = changedFiles;
  }

  #environmentOf({ params, declaredParams = [] }: MatchFacts): ExpressionEnvironment {
    const names = [...Object.keys(params), ...declaredParams].filter(
      (name) => isVariableName(name) && !(name in variables),
    );
    const pathChanged = (glob: unknown, budget: Budget): boolean => this.#view.matches(String(glob), budget);
    return new ExpressionEnvironment({
      variables: { ...Object.fromEntries(names.map((name) => [name, 'string'])), ...variables },
      functions: [{ signature: 'string.pathChanged(): bool', call: ([glob], { budget }) => pathChanged(glob, budget) }],
    });
  }

  /** Throws {@link ExpressionError}. */
  compile(source: string): Expression {
    this.#environment ??= this.#environmentOf(this.#facts);
    return this.#environment.compile(source);
  }

  /** Evaluates without the changed files first: what is decided without them costs no request. */
  async evaluate(expression: Expression): Promise<Verdict> {
    const first = this.#evaluateWith(expression, new FilesView(undefined));
    if (first.kind !== 'depends') return first;
    return this.#evaluateWith(expression, new FilesView(await this.#changedFiles()));
  }

  #evaluateWith(expression: Expression, view: FilesView): Verdict {
    this.#view = view;
    try {
      const value = expression.evaluate(this.#values(expression, view));
      if (typeof value === 'boolean') return { kind: 'decided', matched: value };
      const what = isJsonObject(value) ? 'a map' : JSON.stringify(value).slice(0, 100);
      return { kind: 'failed', message: `the expression gives ${what}, not true or false` };
    } catch (thrown) {
      if (!(thrown instanceof ExpressionError)) throw thrown;
      if (view.missed) return { kind: 'depends' };
      return { kind: thrown.code === 'CEL_EVALUATION' ? 'no-answer' : 'failed', message: thrown.message };
    }
  }

  #values(expression: Expression, view: FilesView): Readonly<Record<string, unknown>> {
    const facts = this.#facts;
    const branch = branchReader(facts, expression.mentions);
    return {
      ...facts.params,
      // By name an incoming event starts what its hook says; for expressions it is a push, as published.
      event: facts.trigger === 'incoming' ? 'push' : facts.trigger,
      event_type: facts.eventType,
      event_title: facts.eventTitle,
      target_branch: branch(facts.targetBranch),
      source_branch: branch(facts.sourceBranch),
      target_url: facts.targetUrl,
      source_url: facts.sourceUrl,
      body: facts.body,
      headers: facts.headers,
      get files() {
        return view.lists;
      },
    };
  }
}

/** Branches of a pull request are names. Others are names too, unless the expression itself speaks of `refs/heads/`. */
function branchReader({ trigger }: MatchFacts, { texts }: Mentions): (ref: string) => string {
  if (trigger === 'pull_request') return shortBranch;
  return texts.some((text) => text.includes('refs/heads/')) ? fullRef : shortBranch;
}

/** Whether an expression speaks of labels: only then is it asked when nothing but labels changed. */
export function mentionsLabels({ identifiers, fields }: Mentions): boolean {
  return identifiers.has('event_type') || identifiers.has('pull_request_labels') || fields.has('labels');
}

/** The changed files as far as they are known. */
class FilesView {
  readonly #files: ChangedFiles | undefined;
  readonly #globs = new Map<string, Glob>();
  /** Something was asked that cannot be answered. */
  missed = false;

  constructor(files: ChangedFiles | undefined) {
    this.#files = files;
  }

  /** `files` of an expression; undefined if they are not all known. */
  get lists(): Readonly<Record<string, readonly string[]>> | undefined {
    if (this.#files !== undefined && !this.#files.truncated) return fileLists(this.#files);
    this.missed = true;
    return undefined;
  }

  /** Whether a changed file matches. Throws if that is not known. */
  matches(pattern: string, budget: Budget): boolean {
    const glob = this.#glob(pattern, budget);
    const paths = this.#files === undefined ? [] : (fileLists(this.#files).all ?? []);
    const characters = paths.reduce((sum, path) => sum + path.length, 0);
    budget.spend(Math.ceil((glob.programSize * characters) / matchWorkPerStep));
    if (paths.some((path) => glob.matches(path))) return true;
    if (this.#files !== undefined && !this.#files.truncated) return false;
    this.missed = true;
    throw new ExpressionError('the changed files are not known', { code: 'CEL_EVALUATION' });
  }

  #glob(pattern: string, budget: Budget): Glob {
    const known = this.#globs.get(pattern);
    if (known !== undefined) return known;
    budget.spend(compileCostPerUnit * (1 + pattern.length));
    const compiled = compileGlob(pattern);
    if (!compiled.ok) throw new ExpressionError(compiled.message, { code: 'CEL_SYNTAX' });
    this.#globs.set(pattern, compiled.glob);
    return compiled.glob;
  }
}
