import type { Step } from '../types.ts';
import { type Causes, duplicates, forbidden, invalid, notSupported, required } from './causes.ts';
import { checkDuration } from './durations.ts';
import { checkLength, scriptCharactersMax, shortTextCharactersMax } from './limits.ts';
import { checkLabelName } from './names.ts';
import { checkParams } from './param-specs.ts';
import { checkTaskResults } from './results.ts';
import { checkWhen } from './when.ts';

/** What a step with `ref` takes from its StepAction and may not say itself. */
const actionMembers = ['image', 'command', 'args', 'script', 'workingDir', 'env', 'volumeMounts', 'results'] as const;

const onErrorValues: ReadonlySet<string> = new Set(['continue', 'stopAndFail']);

/** Checks one step by itself; `template` is the Task's stepTemplate. Variables are checked elsewhere. */
export function* checkStep(step: Step, template: Step | undefined, field: string): Causes {
  if (step.name) yield* checkLabelName(step.name, `${field}.name`, 'a step');
  if (step.ref) yield* checkActionStep(step, field);
  else yield* checkOwnStep(step, template, field);
  yield* checkDuration(step.timeout, `${field}.timeout`);
  if (step.onError && !onErrorValues.has(step.onError) && !/^\$\(params\b[^()]*\)$/.test(step.onError)) {
    yield notSupported(
      `${field}.onError`,
      `invalid value: ${JSON.stringify(step.onError)}; valid values are continue, stopAndFail and a param such as $(params.on-error)`,
    );
  }
  for (const stream of ['stdoutConfig', 'stderrConfig'] as const) {
    if (step[stream] && !step[stream].path)
      yield required(`${field}.${stream}.path`, 'name the file the output is copied to');
  }
  yield* checkWhen(step.when, `${field}.when`);
  yield* checkMounts(step, field);
}

function* checkActionStep(step: Step, field: string): Causes {
  for (const member of actionMembers) {
    if (step[member] !== undefined)
      yield forbidden(`${field}.${member}`, `a step with ref takes its ${member} from the StepAction`);
  }
  yield* checkParams(step.params, `${field}.params`);
}

function* checkOwnStep(step: Step, template: Step | undefined, field: string): Causes {
  if (!step.image && !template?.image)
    yield required(`${field}.image`, 'a step needs an image, its own or that of stepTemplate');
  if (step.script && (step.command ?? []).length > 0) {
    yield forbidden(`${field}.command`, 'script cannot be used with command: the script is what the step runs');
  }
  if (step.params && step.params.length > 0) yield forbidden(`${field}.params`, 'only a step with ref takes params');
  yield* checkLength(step.script, scriptCharactersMax, `${field}.script`);
  yield* checkTaskResults(step.results, `${field}.results`);
}

/** A user may mount over `/tekton/home`, but not over what Tekton keeps beside it. */
export function* checkMounts(container: Pick<Step, 'volumeMounts'>, field: string): Causes {
  const mounts = container.volumeMounts ?? [];
  yield* duplicates(mounts, `${field}.volumeMounts`, 'mountPath', ({ mountPath }) => mountPath);
  for (const [index, { name, mountPath }] of mounts.entries()) {
    const where = `${field}.volumeMounts[${index}]`;
    const isBelow = mountPath.startsWith('/tekton/') || mountPath === '/tekton';
    if (isBelow && mountPath !== '/tekton/home' && !mountPath.startsWith('/tekton/home/')) {
      yield invalid(
        `${where}.mountPath`,
        `volumeMount cannot be mounted under /tekton/ (volumeMount "${name}" mounted at "${mountPath}")`,
      );
    }
    if (name.startsWith('tekton-internal-')) {
      yield invalid(`${where}.name`, `volumeMount name "${name}" cannot start with "tekton-internal-"`);
    }
    yield* checkLength(mountPath, shortTextCharactersMax, `${where}.mountPath`);
  }
}
