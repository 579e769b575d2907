import { ApiStatusError } from '../../kube/api-error.ts';
import { UserError } from '../../base/errors.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import { parseGoDuration } from '../../tekton/durations.ts';
import type { Diagnostic } from '../../yaml/diagnostic.ts';
import { type CliEnvironment, type Home, type RuntimeChoice, exitCodes } from '../environment.ts';
import { InvalidManifestsError } from '../manifest/invalid-manifests.ts';
import { causeDiagnostic } from '../manifest/check-manifests.ts';
import { type Located, lintManifests } from '../manifest/lint-manifests.ts';
import { loadManifests } from '../manifest/load-manifests.ts';
import type { RunView } from '../progress/run-view.ts';
import { type Interruption, interruptRuns } from './cancel.ts';
import { reportFailedSteps } from './failed-steps.ts';
import { RunFollower } from './follow.ts';
import { JsonOutput } from './json-output.ts';
import type { RunOutput } from './output.ts';
import { PlainOutput } from './plain-output.ts';
import { type PlannedObject, type RunPlan, planRun } from './plan.ts';
import { StepLogs } from './step-logs.ts';
import { TreeOutput } from './tree-output.ts';

/** The forms of `--output`. */
export const outputForms = ['tree', 'plain', 'json'] as const;
export type OutputForm = (typeof outputForms)[number];

/** `penstock run` as typed. */
export interface RunCommand {
  readonly paths: readonly string[];
  readonly name?: string;
  readonly params: readonly string[];
  /** `NAME=DIR` each. */
  readonly workspaces: readonly string[];
  readonly runtime: RuntimeChoice;
  readonly timeout?: string;
  readonly output?: OutputForm;
}

/**
 * Runs what the files describe, here and now, and follows it to its end. Resolves with the exit code; throws a
 * `UserError` (exit code 2) when the input is wrong, before anything has been created.
 */
export async function runCommand(command: RunCommand, environment: CliEnvironment): Promise<number> {
  checkTimeout(command.timeout);
  const workspaces = await workspaceDirectories(command.workspaces, environment);
  const { manifests, warnings } = await loadManifests(command.paths, environment.files);
  const plan = planRun(manifests, { ...command, workspaces });
  const lint = lintManifests(locatedIn(plan));
  if (lint.errors.length > 0) throw new InvalidManifestsError(lint.errors, remedyFor(lint.errors));
  const output = outputFor(command.output, environment);
  for (const warning of [...warnings, ...lint.warnings]) output.warning(warning);
  const interruption = interruptionBefore(environment);
  const home = await environment.openRunHome({ runtime: command.runtime, claimDirectories: plan.claimDirectories });
  try {
    for (const notice of [...home.notices, ...plan.notices]) output.notice(notice);
    const runs = interruption.requested() ? [] : await createAll(home, plan);
    if (interruption.requested()) {
      output.notice('cancelled before anything had run');
      return exitCodes.cancelled;
    }
    interruption.stop();
    return await followToEnd(home, runs, output, environment);
  } finally {
    interruption.stop();
    await home.stop();
  }
}

/** A Ctrl-C while there is nothing to cancel yet: what was begun is taken down. The next one ends the program. */
function interruptionBefore(environment: CliEnvironment): Pick<Interruption, 'requested' | 'stop'> {
  let requested = false;
  const stop = environment.onInterrupt(() => {
    requested = true;
    stop();
  });
  return { requested: () => requested, stop };
}

/** What the command line can give where the files do not. */
function remedyFor(errors: readonly Diagnostic[]): string | undefined {
  const lacks = (code: string, field: string): boolean =>
    errors.some((error) => error.code === code && error.field === field);
  if (lacks('PARAMETER_MISSING', 'spec.params')) return 'a param of the run can be given with --param NAME=VALUE';
  if (!lacks('INVALID_WORKSPACE_BINDINGS', 'spec.workspaces')) return undefined;
  return 'a workspace of the run can be given with --workspace NAME=DIR';
}

/** What the plan creates, as it creates it: with the params and workspaces of the command. */
function locatedIn({ supporting, runs }: RunPlan): readonly Located[] {
  return [...supporting, ...runs].flatMap(({ object, manifest }) =>
    manifest ? [{ object, document: manifest.document }] : [],
  );
}

function outputFor(form: OutputForm | undefined, { screen, clock }: CliEnvironment): RunOutput {
  const chosen = form ?? (screen.live ? 'tree' : 'plain');
  if (chosen === 'json') return new JsonOutput(screen, clock);
  return chosen === 'tree' ? new TreeOutput(screen, clock) : new PlainOutput(screen);
}

function checkTimeout(timeout: string | undefined): void {
  if (timeout === undefined || (parseGoDuration(timeout) ?? -1) >= 0) return;
  throw new UserError(`--timeout ${timeout} is not a duration`, {
    code: 'DURATION',
    remedy: 'write it as 90s, 10m or 1h30m',
  });
}

async function workspaceDirectories(
  options: readonly string[],
  { files }: CliEnvironment,
): Promise<ReadonlyMap<string, string>> {
  const directories = new Map<string, string>();
  for (const option of options) {
    const [name = '', directory = ''] = /^([^=]+)=(.+)$/s.exec(option)?.slice(1) ?? [];
    if (name === '') {
      throw new UserError(`--workspace ${option} is not of the form NAME=DIR`, { code: 'WORKSPACE_SYNTAX' });
    }
    if ((await files.kindOf(directory)) !== 'directory') {
      throw new UserError(`--workspace ${name}: ${directory} is not a folder`, { code: 'WORKSPACE_MISSING' });
    }
    directories.set(name, files.resolve(directory));
  }
  return directories;
}

async function createAll(home: Home, plan: RunPlan): Promise<readonly KubeObject[]> {
  const refused: Diagnostic[] = [];
  const create = async (planned: PlannedObject): Promise<KubeObject[]> => {
    try {
      return [await home.client.create(planned.type, planned.object)];
    } catch (thrown) {
      refused.push(...refusals(planned, thrown));
      return [];
    }
  };
  const createEach = async (objects: readonly PlannedObject[]): Promise<readonly KubeObject[]> => {
    const created = (await Promise.all(objects.map(create))).flat();
    if (refused.length > 0) throw new InvalidManifestsError(refused);
    return created;
  };
  const isNamespace = ({ object }: PlannedObject): boolean => object.kind === 'Namespace';
  await createEach(plan.supporting.filter(isNamespace));
  await createEach(plan.supporting.filter((planned) => !isNamespace(planned)));
  return createEach(plan.runs);
}

/** What the API server said against an object, at the place where it is written. */
function refusals({ manifest, field }: PlannedObject, thrown: unknown): readonly Diagnostic[] {
  if (!(thrown instanceof ApiStatusError) || !manifest || thrown.status >= 500) throw thrown;
  const { causes = [] } = thrown.details;
  if (field !== undefined) {
    const messages = causes.length > 0 ? causes.map(({ message }) => message) : [thrown.message];
    return messages.map((message) => causeDiagnostic(manifest.document, { reason: thrown.reason, message, field }));
  }
  if (causes.length > 0) return causes.map((cause) => causeDiagnostic(manifest.document, cause));
  return [causeDiagnostic(manifest.document, { reason: thrown.reason, message: thrown.message })];
}

async function followToEnd(
  home: Home,
  runs: readonly KubeObject[],
  output: RunOutput,
  environment: CliEnvironment,
): Promise<number> {
  const abort = new AbortController();
  const show = (views: readonly RunView[]): void => output.update(views, (run, task) => logs.isReading(run, task));
  const logs = new StepLogs(
    home.client,
    (line) => output.log(line),
    () => show(follower.views()),
    abort.signal,
  );
  const follower = new RunFollower(home, runs, environment.clock, (views) => {
    if (output.wantsLogs) logs.attend(follower.podsOfTasks());
    show(views);
  });
  const interruption = interruptRuns(home.client, () => unfinished(runs, follower.views()), environment, output);
  try {
    const ended = await Promise.race([follower.whenOver().then(() => 'over' as const), interruption.forced]);
    if (ended === 'over') await Promise.race([logs.drain(), interruption.forced]);
    const views = follower.views();
    show(views);
    if (!output.wantsLogs) await reportFailedSteps(home.client, views, output);
    const exitCode = interruption.requested() ? exitCodes.cancelled : exitCodeOf(views);
    output.finish(views, exitCode);
    return exitCode;
  } finally {
    abort.abort();
    interruption.stop();
    follower.stop();
  }
}

function unfinished(runs: readonly KubeObject[], views: readonly RunView[]): readonly KubeObject[] {
  return runs.filter((run) => {
    const { name, namespace } = keyOf(run);
    const view = views.find(
      (candidate) => candidate.kind === run.kind && candidate.name === name && candidate.namespace === namespace,
    );
    return view?.phase === 'waiting' || view?.phase === 'running';
  });
}

function exitCodeOf(views: readonly RunView[]): number {
  return views.every((view) => view.phase === 'succeeded') ? exitCodes.succeeded : exitCodes.failed;
}
