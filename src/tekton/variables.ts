/** A use of another task's result. */
export interface ResultReference {
  readonly task: string;
  readonly result: string;
  /** `$(finally.T.results.R)`, which only results of the pipeline may say. */
  readonly section?: 'finally';
  /** `[2]`: one element of a list. */
  readonly index?: number;
  /** `.key`: one member of an object. */
  readonly property?: string;
}

/** A use of a param. */
export interface ParamReference {
  readonly name: string;
  /** `[2]`: one element of a list. */
  readonly index?: number;
  /** `[*]`: the whole list or object. */
  readonly whole?: true;
  /** `.key`: one member of an object. */
  readonly property?: string;
}

/** What a variable `$(…)` means, by its form; whether there is such a thing is another question. */
export type Variable =
  | ({ readonly kind: 'param' } & ParamReference)
  | ({ readonly kind: 'taskResult'; readonly whole?: true } & ResultReference)
  | { readonly kind: 'taskStatus'; readonly task: string; readonly member: 'status' | 'reason' }
  | { readonly kind: 'tasksStatus' }
  | { readonly kind: 'matrixLength'; readonly task: string }
  | { readonly kind: 'workspace'; readonly name: string; readonly member: string }
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'resultPath'; readonly name: string }
  | { readonly kind: 'stepResultPath'; readonly name: string }
  | { readonly kind: 'stepResult'; readonly step: string; readonly result: string }
  | { readonly kind: 'exitCodePath'; readonly step: string }
  | { readonly kind: 'artifacts' }
  /** Looks like a variable of a known family (`tasks`, `params`, …) but has none of its forms. */
  | { readonly kind: 'malformed'; readonly family: string }
  /** No variable of Tekton: a shell's command substitution, a Kubernetes `$(ENV)`. */
  | { readonly kind: 'foreign' };

/** A use of a variable in a text. */
export interface VariableUse {
  /** As it stands in the text, with `$(` and `)`. */
  readonly text: string;
  readonly variable: Variable;
  /** Whether the text is nothing but this variable. */
  readonly isWhole: boolean;
}

/** Anything in `$(…)` that could be a variable: no blanks, no shell syntax. Linear: it cannot run past the next `(`. */
const candidate = /\$\(([A-Za-z][\w.\-[\]'"*]*)\)/g;

/** `.name`, `['name']` or `["name"]`; groups 1 to 3. */
const name = String.raw`(?:\.([\w-]+)|\['([^']+)'\]|\["([^"]+)"\])`;

/** `[2]`, `[*]` or `.key`; two groups. */
const part = String.raw`(?:\[(\d+|\*)\]|\.([\w-]+))?`;

const forms = {
  param: new RegExp(`^(?:inputs\\.)?params${name}${part}$`),
  taskResult: new RegExp(`^(tasks|finally)\\.([\\w-]+)\\.results${name}${part}$`),
  taskStatus: /^tasks\.([\w-]+)\.(status|reason)$/,
  matrixLength: /^tasks\.([\w-]+)\.matrix\.(?:[\w-]+\.)?length$/,
  workspace: /^workspaces\.([\w.-]+)\.(path|bound|claim|volume)$/,
  context: /^context\.([\w.-]+)$/,
  resultPath: new RegExp(`^results${name}\\.path$`),
  stepResultPath: new RegExp(`^step\\.results${name}\\.path$`),
  stepResult: new RegExp(`^steps\\.([\\w-]+)\\.results${name}${part}$`),
  exitCodePath: /^steps\.([\w-]+)\.exitCode\.path$/,
  artifacts: /^(?:(?:step\.)?artifacts\.path|(?:steps|tasks)\.[\w-]+\.(?:inputs|outputs)(?:\.[\w-]+)?)$/,
} as const;

/** Families whose members all have a known form. */
const families: ReadonlySet<string> = new Set(['params', 'tasks', 'finally', 'workspaces', 'context']);

/** Every variable in `text`, in order; what is no variable of Tekton is left out. */
export function variablesIn(text: string): readonly VariableUse[] {
  if (!text.includes('$(')) return [];
  const uses: VariableUse[] = [];
  for (const [whole, inner = ''] of text.matchAll(candidate)) {
    const variable = parseVariable(inner);
    if (variable.kind !== 'foreign') uses.push({ text: whole, variable, isWhole: whole.length === text.length });
  }
  return uses;
}

/** What the inside of a `$(…)` means. */
function parseVariable(inner: string): Variable {
  return (
    parseParam(inner) ??
    parseTaskVariable(inner) ??
    parseWorkspaceOrContext(inner) ??
    parseStepVariable(inner) ?? { kind: 'foreign' }
  );
}

function parseParam(inner: string): Variable | undefined {
  if (!inner.startsWith('params') && !inner.startsWith('inputs.params')) return undefined;
  const match = forms.param.exec(inner);
  if (match === null) return malformed(inner);
  const [, plain, single, double, index, property] = match;
  return { kind: 'param', name: plain ?? single ?? double ?? '', ...partOf(index, property) };
}

function parseTaskVariable(inner: string): Variable | undefined {
  if (!inner.startsWith('tasks.') && !inner.startsWith('finally.')) return undefined;
  if (inner === 'tasks.status') return { kind: 'tasksStatus' };
  const result = forms.taskResult.exec(inner);
  if (result !== null) {
    const [, section, task = '', plain, single, double, index, property] = result;
    const inFinally = section === 'finally' ? ({ section } as const) : {};
    return {
      kind: 'taskResult',
      task,
      result: plain ?? single ?? double ?? '',
      ...inFinally,
      ...partOf(index, property),
    };
  }
  const status = forms.taskStatus.exec(inner);
  if (status !== null) return { kind: 'taskStatus', task: status[1] ?? '', member: status[2] as 'status' | 'reason' };
  const matrix = forms.matrixLength.exec(inner);
  if (matrix !== null) return { kind: 'matrixLength', task: matrix[1] ?? '' };
  return forms.artifacts.test(inner) ? { kind: 'artifacts' } : malformed(inner);
}

function parseWorkspaceOrContext(inner: string): Variable | undefined {
  const workspace = forms.workspace.exec(inner);
  if (workspace !== null) return { kind: 'workspace', name: workspace[1] ?? '', member: workspace[2] ?? '' };
  const context = forms.context.exec(inner);
  if (context !== null) return { kind: 'context', name: context[1] ?? '' };
  return inner.startsWith('workspaces.') || inner.startsWith('context.') ? malformed(inner) : undefined;
}

function parseStepVariable(inner: string): Variable | undefined {
  const path = forms.resultPath.exec(inner);
  if (path !== null) return { kind: 'resultPath', name: path[1] ?? path[2] ?? path[3] ?? '' };
  const stepPath = forms.stepResultPath.exec(inner);
  if (stepPath !== null) return { kind: 'stepResultPath', name: stepPath[1] ?? stepPath[2] ?? stepPath[3] ?? '' };
  const result = forms.stepResult.exec(inner);
  if (result !== null)
    return { kind: 'stepResult', step: result[1] ?? '', result: result[2] ?? result[3] ?? result[4] ?? '' };
  const exitCode = forms.exitCodePath.exec(inner);
  if (exitCode !== null) return { kind: 'exitCodePath', step: exitCode[1] ?? '' };
  return forms.artifacts.test(inner) ? { kind: 'artifacts' } : undefined;
}

function partOf(
  index: string | undefined,
  property: string | undefined,
): Pick<ParamReference, 'index' | 'whole' | 'property'> {
  return {
    ...(index === undefined || index === '*' ? {} : { index: Number(index) }),
    ...(index === '*' ? { whole: true } : {}),
    ...(property === undefined ? {} : { property }),
  };
}

function malformed(inner: string): Variable | undefined {
  const family = /^[A-Za-z]+/.exec(inner)?.[0] ?? '';
  return families.has(family) && /[.[]/.test(inner) ? { kind: 'malformed', family } : undefined;
}
