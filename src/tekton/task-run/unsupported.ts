import type { StatusCause } from '../../kube/api-error.ts';
import { eachText } from '../references.ts';
import type { Step, TaskRun, TaskSpec } from '../types.ts';

/** A use of artifacts, which only Tekton's entrypoint provides. */
const artifactVariable = /\$\((?:step\.)?artifacts\.path\)|\$\(steps\.[^.()]+\.(?:outputs|inputs)[.)]/;

/** A use of another step's result, which is filled in while the pod runs. */
const stepResultVariable = /\$\(steps\.[^.()]+\.results[.[][^()]*\)/;

/** What this version cannot run yet in a Task or its run, one cause each, naming the field: better refused than half done. */
export function unsupportedInTask(run: TaskRun, spec: TaskSpec): readonly StatusCause[] {
  const causes = (spec.steps ?? []).flatMap((step, index) => unsupportedInStep(step, `spec.steps[${index}]`));
  if ((spec.sidecars ?? []).length > 0) causes.push(notYet('spec.sidecars', 'sidecars are'));
  if ((run.spec as { debug?: unknown }).debug !== undefined) causes.push(notYet('spec.debug', 'breakpoints are'));
  return causes;
}

function unsupportedInStep(step: Step, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (step.ref !== undefined) causes.push(notYet(`${field}.ref`, 'a StepAction is'));
  if (step.when !== undefined) causes.push(notYet(`${field}.when`, 'a guard of a step is'));
  if (step.script?.startsWith('#!win')) causes.push(notYet(`${field}.script`, 'a Windows script is'));
  for (const member of ['command', 'args', 'env', 'script'] as const) {
    eachText(step[member], (text) => {
      if (artifactVariable.test(text)) causes.push(notYet(`${field}.${member}`, 'an artifact is'));
      else if (member !== 'script' && stepResultVariable.test(text)) {
        causes.push(notYet(`${field}.${member}`, "another step's result is"));
      }
    });
  }
  return causes;
}

function notYet(field: string, what: string): StatusCause {
  return { reason: 'FieldValueNotSupported', field, message: `${what} not supported yet` };
}
