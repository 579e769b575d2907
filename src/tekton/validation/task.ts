import { substitutedStepMembers } from '../substitution.ts';
import { workspacePath } from '../task-variables.ts';
import type { Sidecar, Step, TaskSpec } from '../types.ts';
import { type Causes, type Problem, collect, duplicate, duplicates, invalid, required } from './causes.ts';
import {
  checkCount,
  checkLength,
  scriptCharactersMax,
  shortTextCharactersMax,
  stepsMax,
  workspacesMax,
} from './limits.ts';
import { checkLabelName } from './names.ts';
import { checkParamSpecs } from './param-specs.ts';
import { checkParamUse } from './param-uses.ts';
import { checkResultValues, checkTaskResults } from './results.ts';
import { declaredParams, mergeScopes, type OuterScope, type ParamScope } from './scope.ts';
import { checkMounts, checkStep } from './step.ts';
import { type PlacedVariable, variableUses } from './variable-uses.ts';
import { checkVolumes } from './volumes.ts';

/** What is wrong with a Task by itself; empty when nothing is. `field` is where the spec stands. */
export function validateTaskSpec(spec: TaskSpec, field = 'spec', outer?: OuterScope): readonly Problem[] {
  return collect(checkTaskSpec(spec, field, outer));
}

/** The same, cause by cause. `outer` is what an embedded spec sees; a Task of its own must declare all it uses. */
export function* checkTaskSpec(spec: TaskSpec, field: string, outer?: OuterScope): Causes {
  yield* checkParamSpecs(spec.params, `${field}.params`);
  yield* checkSteps(spec, field);
  yield* checkSidecars(spec.sidecars ?? [], `${field}.sidecars`);
  yield* checkVolumes(spec.volumes, `${field}.volumes`);
  yield* checkWorkspaces(spec, `${field}.workspaces`);
  yield* checkTaskResults(spec.results, `${field}.results`);
  yield* checkResultValues(spec.results, spec.steps ?? [], `${field}.results`);
  yield* checkVariables(spec, field, outer);
}

function* checkSteps(spec: TaskSpec, field: string): Causes {
  const steps = spec.steps ?? [];
  if (steps.length === 0) yield required(`${field}.steps`, 'a task has at least one step');
  yield* checkCount(steps, stepsMax, `${field}.steps`);
  yield* duplicates(steps, `${field}.steps`, 'name', ({ name }) => name);
  for (const [index, step] of steps.entries()) yield* checkStep(step, spec.stepTemplate, `${field}.steps[${index}]`);
  if (spec.stepTemplate) yield* checkMounts(spec.stepTemplate, `${field}.stepTemplate`);
}

function* checkSidecars(sidecars: readonly Sidecar[], field: string): Causes {
  yield* checkCount(sidecars, stepsMax, field);
  yield* duplicates(sidecars, field, 'name', ({ name }) => name);
  for (const [index, sidecar] of sidecars.entries()) {
    const where = `${field}[${index}]`;
    if (sidecar.name) yield* checkLabelName(sidecar.name, `${where}.name`, 'a sidecar');
    if (sidecar.name === 'tekton-log-results')
      yield invalid(`${where}.name`, 'the name "tekton-log-results" is reserved');
    if (!sidecar.image) yield required(`${where}.image`, 'a sidecar needs an image');
    if (sidecar.script && (sidecar.command ?? []).length > 0)
      yield invalid(`${where}.command`, 'script cannot be used with command');
    yield* checkLength(sidecar.script, scriptCharactersMax, `${where}.script`);
  }
}

/** Workspaces have names and paths of their own, and no volume is mounted where a workspace is. */
function* checkWorkspaces(spec: TaskSpec, field: string): Causes {
  const workspaces = spec.workspaces ?? [];
  yield* checkCount(workspaces, workspacesMax, field);
  yield* duplicates(workspaces, field, 'name', ({ name }) => name);
  const mounted = new Map<string, string>();
  for (const container of [...(spec.stepTemplate ? [spec.stepTemplate] : []), ...(spec.steps ?? [])]) {
    for (const { name, mountPath } of container.volumeMounts ?? [])
      mounted.set(normalPath(mountPath), `volume "${name}"`);
  }
  for (const [index, workspace] of workspaces.entries()) {
    const where = `${field}[${index}]`;
    if (workspace.name === '') yield required(`${where}.name`, 'a workspace needs a name');
    yield* checkLength(workspace.mountPath, shortTextCharactersMax, `${where}.mountPath`);
    const path = normalPath(workspacePath(workspace));
    const other = mounted.get(path);
    if (other !== undefined) yield duplicate(`${where}.mountPath`, `"${path}" is also where ${other} is mounted`);
    mounted.set(path, `workspace "${workspace.name}"`);
  }
}

function normalPath(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
}

/** What the variables of one task may name. */
interface TaskScope {
  readonly params: ParamScope | undefined;
  readonly workspaces: ReadonlySet<string> | undefined;
  readonly results: ReadonlySet<string>;
  readonly steps: ReadonlySet<string>;
  readonly remedy: string;
}

function* checkVariables(spec: TaskSpec, field: string, outer: OuterScope | undefined): Causes {
  const scope = scopeOf(spec, field, outer);
  for (const use of taskUses(spec, field)) {
    const cause = checkUse(use, scope);
    if (cause) yield cause;
  }
  yield* checkStepWorkspaces(spec, field, scope);
}

function scopeOf(spec: TaskSpec, field: string, outer: OuterScope | undefined): TaskScope {
  const declared = declaredParams(spec.params ?? []);
  const workspaces = (spec.workspaces ?? []).map(({ name }) => name);
  const trusted = outer !== undefined;
  return {
    params: trusted && outer.params === undefined ? undefined : mergeScopes(declared, outer?.params ?? new Map()),
    workspaces:
      trusted && outer.workspaces === undefined ? undefined : new Set([...workspaces, ...(outer?.workspaces ?? [])]),
    results: new Set((spec.results ?? []).map(({ name }) => name)),
    steps: new Set((spec.steps ?? []).flatMap(({ name }) => (name ? [name] : []))),
    remedy: trusted ? `give it a value or declare it in ${field}.params` : `declare it in ${field}.params`,
  };
}

/** Variables where they are replaced; a description, say, may contain anything. */
export function* taskUses(spec: TaskSpec, field: string): Iterable<PlacedVariable> {
  for (const [index, step] of (spec.steps ?? []).entries()) yield* stepUses(step, `${field}.steps[${index}]`);
  for (const [index, sidecar] of (spec.sidecars ?? []).entries())
    yield* stepUses(sidecar, `${field}.sidecars[${index}]`);
  if (spec.stepTemplate) yield* stepUses(spec.stepTemplate, `${field}.stepTemplate`);
  yield* variableUses(spec.volumes, `${field}.volumes`);
  for (const [index, { mountPath }] of (spec.workspaces ?? []).entries()) {
    yield* variableUses(mountPath, `${field}.workspaces[${index}].mountPath`);
  }
}

function* stepUses(step: Step, field: string): Iterable<PlacedVariable> {
  for (const member of substitutedStepMembers) yield* variableUses(step[member], `${field}.${member}`);
  yield* variableUses(step.params, `${field}.params`, 'value');
  for (const [index, { input, values }] of (step.when ?? []).entries()) {
    yield* variableUses(input, `${field}.when[${index}].input`, 'value');
    yield* variableUses(values, `${field}.when[${index}].values`);
  }
}

/** Contexts that a Task may name. */
const taskContexts: ReadonlySet<string> = new Set([
  'taskRun.name',
  'taskRun.namespace',
  'taskRun.uid',
  'task.name',
  'task.retry-count',
]);

function checkUse(use: PlacedVariable, scope: TaskScope): Problem | undefined {
  const { variable } = use;
  if (variable.kind === 'param') return scope.params && checkParamUse(use, variable, scope.params, scope.remedy);
  if (variable.kind === 'malformed') {
    const isOurs = variable.family === 'params' || variable.family === 'workspaces' || variable.family === 'context';
    return isOurs ? invalid(use.field, `${use.text} is no variable of ${variable.family} that exists`) : undefined;
  }
  const problem = problemWith(use, scope);
  return problem === undefined ? undefined : invalid(use.field, `${use.text}: ${problem}`);
}

function problemWith({ variable }: PlacedVariable, scope: TaskScope): string | undefined {
  if (variable.kind === 'context') {
    // A script may well run a program that is called, say, context.sh.
    if (!/^task(?:Run)?\./.test(variable.name) || taskContexts.has(variable.name)) return undefined;
    return `there is no such context; a task knows ${[...taskContexts].map((name) => `context.${name}`).join(', ')}`;
  }
  if (variable.kind === 'workspace' && scope.workspaces !== undefined && !scope.workspaces.has(variable.name)) {
    return `there is no workspace "${variable.name}"; declare it in workspaces`;
  }
  if (variable.kind === 'resultPath' && !scope.results.has(variable.name)) {
    return `the task declares no result "${variable.name}"; declare it in results`;
  }
  if (variable.kind === 'stepResult' && !scope.steps.has(variable.step)) return `there is no step "${variable.step}"`;
  return undefined;
}

function* checkStepWorkspaces(spec: TaskSpec, field: string, { workspaces }: TaskScope): Causes {
  if (workspaces === undefined) return;
  const parts = [
    ['steps', spec.steps ?? []],
    ['sidecars', spec.sidecars ?? []],
  ] as const;
  for (const [part, containers] of parts) {
    for (const [index, container] of containers.entries()) {
      const where = `${field}.${part}[${index}].workspaces`;
      yield* duplicates(container.workspaces ?? [], where, 'name', ({ name }) => name);
      for (const [position, { name }] of (container.workspaces ?? []).entries()) {
        if (!workspaces.has(name))
          yield invalid(
            `${where}[${position}].name`,
            `there is no workspace "${name}"; declare it in ${field}.workspaces`,
          );
      }
    }
  }
}
