/** Names that are identities: the same event gives the same run, however often and wherever it is worked on. */
import { createHash } from 'node:crypto';
import type { EventTrigger, GitEvent } from '../git-event.ts';

/** Most characters of a definition's name in the name of its runs. */
const definitionCharactersMax = 40;
/** Hexadecimal digits of the hash in a run's name. */
const nameDigits = 10;

/** What a run is for: one definition, in one Repository, for one pull request or ref, at one commit. */
export interface SeriesIdentity {
  /** `namespace/name`. */
  readonly repository: string;
  readonly definition: string;
  /** {@link scopeOf}. */
  readonly scope: string;
  readonly sha: string;
}

/** What asked for a run. */
export interface RunIdentity extends Omit<SeriesIdentity, 'repository'> {
  readonly repositoryUid: string;
  readonly trigger: EventTrigger;
  readonly occurrence: string;
  /** How many objects that belong to somebody else had the names before. */
  readonly collision: number;
}

/** SHA-256 of parts that cannot run into one another, hexadecimal. */
export function hashOf(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** `pr-<number>` for what concerns a pull request, else the full ref. */
export function scopeOf(subject: { readonly pullRequest?: number; readonly ref?: string }): string {
  return subject.pullRequest === undefined ? (subject.ref ?? '') : `pr-${subject.pullRequest}`;
}

/** All attempts for one definition, scope and commit share it: 32 hexadecimal digits, fit for a label. */
export function seriesOf({ repository, definition, scope, sha }: SeriesIdentity): string {
  return hashOf(['series', repository, definition, scope, sha]).slice(0, 32);
}

/** All runs of one definition and scope share it, whatever the commit: those a newer commit makes obsolete. */
export function lineOf({ repository, definition, scope }: Omit<SeriesIdentity, 'sha'>): string {
  return hashOf(['line', repository, definition, scope]).slice(0, 32);
}

/** What tells this occurrence from all others of the same definition: 32 hexadecimal digits. */
export function occurrenceOf(identity: Omit<RunIdentity, 'collision'>): string {
  const { repositoryUid, definition, scope, sha, trigger, occurrence } = identity;
  return hashOf(['run', repositoryUid, definition, scope, sha, trigger, occurrence]).slice(0, 32);
}

/** The name of the PipelineRun: `<definition>-<10 hexadecimal digits>`, at most 51 characters. */
export function runNameOf(identity: RunIdentity): string {
  const digits = hashOf([occurrenceOf(identity), identity.collision]).slice(0, nameDigits);
  return `${namePartOf(identity.definition)}-${digits}`;
}

/** A definition's name as the start of an object's name: lower case letters, digits and `-`. */
function namePartOf(definition: string): string {
  const plain = definition.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  const cut = plain.slice(0, definitionCharactersMax).replaceAll(/^-+|-+$/g, '');
  // A name starts with a letter or a digit; one that has neither is still a name.
  return cut === '' ? 'run' : cut;
}

/** What two copies of one event share, sent again or by two hooks; different for everything else in the project. */
export function eventIdentityOf(event: GitEvent): string {
  const { forge, project, trigger, eventType, action, occurrence, revision, push, pullRequest, comment } = event;
  return hashOf([
    'event',
    forge,
    project.url,
    trigger,
    eventType,
    action ?? '',
    occurrence,
    revision?.sha ?? '',
    push?.ref ?? '',
    pullRequest?.number ?? event.pullRequestNumber ?? 0,
    comment?.id ?? '',
    event.rerun?.checkId ?? event.rerun?.externalId ?? '',
  ]).slice(0, 32);
}
