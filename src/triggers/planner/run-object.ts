/** The PipelineRun as it is created: all its metadata travels in the create, nothing is patched on later. */
import { stableJson } from '../../base/json.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import type { PlannedRun } from '../../forge/kinds/delivery.ts';
import { hashOf, lineOf } from '../../forge/kinds/identity.ts';
import { managedByKey, managedByRuns, penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import type { Subject } from './subject.ts';

/** Most characters of a cleaned label value: as published, one less than Kubernetes allows. */
const labelCharactersMax = 62;

/**
 * A label value as Pipelines-as-Code publishes it: `:` and `/` become `-`, blanks `_`, brackets `__`, and of long values
 * the last 62 characters stay. What Kubernetes would still refuse becomes `_` or goes.
 */
export function labelValue(text: string): string {
  const replaced = text
    .replaceAll(/[:/]/g, '-')
    .replaceAll(' ', '_')
    .replaceAll(/[[\]]/g, '__')
    .replaceAll(/[^\w.-]/g, '_');
  return replaced.slice(-labelCharactersMax).replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

/** What a run's metadata is made of. */
export interface RunMetadataFacts {
  readonly subject: Subject;
  readonly plan: PlannedRun;
  /** Published event type: of the comment, where one asked. */
  readonly eventType: string;
  /** Milliseconds since the epoch at which the event came in. */
  readonly order: number;
  readonly delivery: string;
  readonly gitAuthSecret?: string;
}

/** `run` as it came out of its template, with name, labels and annotations. */
export function runObject(run: PipelineRun, facts: RunMetadataFacts): PipelineRun {
  const { plan } = facts;
  const { generateName: _generated, uid: _uid, resourceVersion: _version, ...metadata } = run.metadata;
  const own = annotationsOf(run, facts);
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'PipelineRun',
    metadata: {
      ...metadata,
      name: plan.name,
      namespace: plan.namespace,
      labels: { ...ofAuthor(metadata.labels), ...labelsOf(run, facts) },
      annotations: { ...ofAuthor(metadata.annotations), ...own, [penstockKeys.digest]: digestOf(run, own) },
    },
    spec: run.spec,
  };
}

/** Published keys that are the author's to set. */
const authorKeys: readonly string[] = [runKeys.maxKeepRuns, runKeys.targetNamespace, runKeys.cancelInProgress];
const ownKeys: ReadonlySet<string> = new Set(Object.values(runKeys).filter((key) => !authorKeys.includes(key)));
/** Annotation of gates: which runs come first is for the author to say; that a gate lets a run pass is not. */
const priorityKey = 'penstock.dev/priority';

/** Labels or annotations as written in `.tekton`, without those by which Penstock knows its runs. */
function ofAuthor(written: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const isAuthors = (key: string): boolean =>
    !ownKeys.has(key) && (!key.startsWith('penstock.dev/') || key === priorityKey);
  return Object.fromEntries(Object.entries(written).filter(([key]) => isAuthors(key)));
}

/** Tells two plans of one run apart: what is run, and where it is reported. */
function digestOf(run: PipelineRun, annotations: Readonly<Record<string, string>>): string {
  return hashOf([stableJson(run.spec), annotations[penstockKeys.statusTarget] ?? '']).slice(0, 16);
}

function initialState(run: PipelineRun): string {
  return run.spec.status === 'PipelineRunPending' ? 'queued' : 'started';
}

// tidy: table
function labelsOf(run: PipelineRun, { subject, plan, eventType, delivery }: RunMetadataFacts): Record<string, string> {
  const { project } = subject.event;
  const line = lineOf({ ...plan, repository: `${plan.namespace}/${plan.repository}` });
  const cancelInProgress = run.metadata.annotations?.[runKeys.cancelInProgress];
  return {
    [managedByKey]: managedByRuns,
    [runKeys.originalName]: labelValue(plan.definition),
    [runKeys.urlOrg]: labelValue(project.owner),
    [runKeys.urlRepository]: labelValue(project.name),
    [runKeys.sha]: labelValue(subject.sha),
    [runKeys.repository]: labelValue(plan.repository),
    [runKeys.eventType]: labelValue(eventType),
    [runKeys.state]: initialState(run),
    ...(subject.pullRequest === undefined ? {} : { [runKeys.pullRequest]: String(subject.pullRequest.number) }),
    ...(cancelInProgress === undefined ? {} : { [runKeys.cancelInProgress]: labelValue(cancelInProgress) }),
    [penstockKeys.series]: plan.series,
    [penstockKeys.line]: line,
    [penstockKeys.delivery]: labelValue(delivery),
  };
}

// tidy: table
function annotationsOf(run: PipelineRun, facts: RunMetadataFacts): Record<string, string> {
  const { subject, plan, eventType, order, gitAuthSecret } = facts;
  const { event, revision, pullRequest } = subject;
  return dropEmpty({
    [runKeys.originalName]: plan.definition,
    [runKeys.urlOrg]: event.project.owner,
    [runKeys.urlRepository]: event.project.name,
    [runKeys.sha]: subject.sha,
    [runKeys.repository]: plan.repository,
    [runKeys.eventType]: eventType,
    [runKeys.state]: initialState(run),
    [runKeys.pullRequest]: pullRequest === undefined ? undefined : String(pullRequest.number),
    [runKeys.shaTitle]: revision.title,
    [runKeys.shaUrl]: revision.url,
    [runKeys.repoUrl]: event.project.url,
    [runKeys.sourceRepoUrl]: subject.headProject.url,
    [runKeys.sender]: event.actor.login,
    [runKeys.branch]: subject.targetBranch,
    [runKeys.sourceBranch]: subject.sourceBranch,
    [runKeys.gitProvider]: event.forge,
    [runKeys.installationId]: event.installationId === undefined ? undefined : String(event.installationId),
    [runKeys.sourceProjectId]: event.forge === 'gitlab' ? subject.headProject.id : undefined,
    [runKeys.targetProjectId]: event.forge === 'gitlab' ? event.project.id : undefined,
    [runKeys.gitAuthSecret]: gitAuthSecret,
    [penstockKeys.series]: plan.series,
    [penstockKeys.scope]: plan.scope,
    [penstockKeys.occurrence]: plan.occurrence,
    [penstockKeys.order]: String(order),
    [penstockKeys.attempt]: String(plan.attempt),
    [penstockKeys.statusTarget]: JSON.stringify(plan.target),
    [recordSummaryKey]: recordSummary(event, subject),
  });
}

/** Published for Tekton Results. */
const recordSummaryKey = 'results.tekton.dev/recordSummaryAnnotations';

function recordSummary({ project, eventType }: GitEvent, { sha, pullRequest }: Subject): string {
  const number = pullRequest === undefined ? {} : { 'pull_request-id': pullRequest.number };
  return JSON.stringify({ repo: project.name, commit: sha, eventType, ...number });
}

function dropEmpty(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(values).filter((entry): entry is [string, string] => !!entry[1]);
  return Object.fromEntries(entries);
}
