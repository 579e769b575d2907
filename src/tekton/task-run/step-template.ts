import type { Json } from '../../base/json.ts';
import { mergePatch } from '../../kube/merge-patch.ts';
import type { EnvVar, VolumeMount } from '../../kube/pod.ts';
import type { Step, TaskSpec } from '../types.ts';

/**
 * The steps of `spec`, each laid over its `stepTemplate` (reference/tekton 1.4): a step's own fields win, `env` is merged
 * by name and `volumeMounts` by path. A step with a script does not inherit a command.
 */
export function mergedSteps(spec: TaskSpec): readonly Step[] {
  const { steps = [], stepTemplate } = spec;
  return stepTemplate === undefined ? steps : steps.map((step) => mergeStep(stepTemplate, step));
}

function mergeStep(template: Step, step: Step): Step {
  const { name: _name, script: _script, ref: _ref, command, ...inherited } = template;
  const env = mergeBy<EnvVar>(template.env, step.env, ({ name }) => name);
  const volumeMounts = mergeBy<VolumeMount>(template.volumeMounts, step.volumeMounts, ({ mountPath }) => mountPath);
  return {
    ...inherited,
    ...(command === undefined || step.script ? {} : { command }),
    ...step,
    ...(env.length === 0 ? {} : { env }),
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
    ...mergedObject('securityContext', template, step),
    ...mergedObject('computeResources', template, step),
  };
}

function mergedObject(member: 'securityContext' | 'computeResources', template: Step, step: Step): Partial<Step> {
  const [base, own] = [template[member], step[member]];
  return base === undefined || own === undefined ? {} : { [member]: mergedMembers(base, own) };
}

/** Objects member by member, however deep; `preferred`'s lists and values whole. */
export function mergedMembers<T extends object>(base: T, preferred: T): T {
  return mergePatch(base as Json, preferred as Json) as T;
}

/** Entries of both lists; where keys are equal, `preferred`'s, in the place of the other. */
function mergeBy<T>(base: readonly T[] = [], preferred: readonly T[] = [], keyOf: (entry: T) => string): readonly T[] {
  const merged = new Map(base.map((entry) => [keyOf(entry), entry]));
  for (const entry of preferred) merged.set(keyOf(entry), entry);
  return [...merged.values()];
}
