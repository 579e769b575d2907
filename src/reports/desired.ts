/** What is to be shown of runs and of what has no run. Pure. */
import { cutMarkdown } from '../forge/cut-markdown.ts';
import type { Annotation, StatusReport } from '../forge/forge.ts';
import type { ForgeKind } from '../forge/git-event.ts';
import type { CommitStatusSpec } from '../forge/kinds/commit-status.ts';
import type { Delivery, StatusNotice } from '../forge/kinds/delivery.ts';
import { runKeys } from '../forge/kinds/run-keys.ts';
import type { Settings } from '../forge/kinds/settings.ts';
import { runAttemptOf, statusTargetOf } from '../forge/kinds/status-target.ts';
import type { PipelineRun, TaskRun } from '../tekton/types.ts';
import type { DetailsLink } from './details/details-path.ts';
import { stateOfRun } from './run-state.ts';
import { runLink } from './text/links.ts';
import { cutToBytes, link, plainLine, textBytesMax } from './text/markdown.ts';
import { linkFacts, runText, runTitle, type Snippet, titleCharactersMax } from './text/run-text.ts';

/** What a report is made from besides the run itself. */
export interface ReportFacts {
  readonly taskRuns: readonly TaskRun[];
  readonly settings: Settings;
  readonly detailsLink: DetailsLink;
  /** Custom params of the Repository that have plain values: addresses of consoles may name them. */
  readonly params: Readonly<Record<string, string>>;
  readonly snippet?: Snippet;
  readonly annotations?: readonly Annotation[];
  /** Takes out what is secret. */
  readonly mask: (text: string) => string;
}

/** What is to be shown of `run`; undefined for a run that no Git event led to. */
function desiredReport(run: PipelineRun, facts: ReportFacts): StatusReport | undefined {
  const target = statusTargetOf(run);
  if (target === undefined) return undefined;
  const { annotations = [], ...rest } = facts;
  const { mask } = rest;
  const textFacts = { ...rest, run, state: stateOfRun(run) };
  const detailsUrl = runLink(facts.settings, linkFacts(textFacts));
  const { startTime, completionTime } = run.status ?? {};
  return {
    ...target,
    externalId: run.metadata.name ?? '',
    state: textFacts.state,
    title: runTitle(textFacts),
    text: cutToBytes(mask(runText(textFacts)), textBytesMax),
    ...(detailsUrl === undefined ? {} : { detailsUrl }),
    ...(startTime === undefined ? {} : { startedAt: startTime }),
    ...(completionTime === undefined ? {} : { completedAt: completionTime }),
    annotations,
  };
}

/** The whole `spec` for `run`; undefined for a run that no Git event led to, or of no Repository. */
export function specOfRun(run: PipelineRun, facts: ReportFacts): CommitStatusSpec | undefined {
  const report = desiredReport(run, facts);
  const repository = repositoryOf(run);
  if (report === undefined || repository === undefined) return undefined;
  const { namespace = '', name = '', uid = '' } = run.metadata;
  const forge = forgeKindIn(run.metadata.annotations?.[runKeys.gitProvider]);
  const installationId = Number(run.metadata.annotations?.[runKeys.installationId]);
  return {
    repository,
    attempt: runAttemptOf(run),
    report,
    run: { namespace, name, uid },
    ...(forge === undefined ? {} : { forge }),
    ...(Number.isSafeInteger(installationId) && installationId > 0 ? { installationId } : {}),
  };
}

const forgeKinds: readonly ForgeKind[] = [
  'github',
  'gitlab',
  'gitea',
  'bitbucket-cloud',
  'bitbucket-datacenter',
  'git',
];

function forgeKindIn(text: string | undefined): ForgeKind | undefined {
  return forgeKinds.find((kind) => kind === text);
}

/** Name of the Repository that `run` belongs to, in its namespace. */
export function repositoryOf({ metadata }: PipelineRun): string | undefined {
  // A label is cut where a name is long.
  return metadata.annotations?.[runKeys.repository] ?? metadata.labels?.[runKeys.repository];
}

/** The whole `spec` for something that has no run. */
export function specOfNotice(
  notice: StatusNotice,
  delivery: Delivery,
  { detailsLink, mask }: Pick<ReportFacts, 'detailsLink' | 'mask'>,
): CommitStatusSpec {
  const { target, repository, attempt, externalId, state, title, text, comment } = notice;
  const detailsUrl = detailsLink({ kind: 'delivery', name: delivery.metadata.name ?? '' });
  const end = detailsUrl === undefined ? '' : `\n\n${link('Details', detailsUrl) ?? ''}`;
  const body = cutMarkdown(mask(text), textBytesMax - end.length) + end;
  const number = target.pullRequest?.number;
  const { installationId } = delivery.spec.events.find((event) => event.installationId !== undefined) ?? {};
  return {
    repository,
    attempt,
    report: {
      ...target,
      externalId,
      state,
      title: plainLine(mask(title), titleCharactersMax),
      text: body,
      ...(detailsUrl === undefined ? {} : { detailsUrl }),
      annotations: [],
    },
    ...(comment === undefined
      ? {}
      : {
          commentOnly: true,
          ...(number === undefined ? {} : { comment: { pullRequest: number, marker: comment.marker, body } }),
        }),
    forge: delivery.spec.forge,
    ...(installationId === undefined ? {} : { installationId }),
  };
}

/**
 * What is shown of a run that is gone and was not seen to end: nobody will ever say how it did, or whether. It may have ended
 * while nobody looked.
 */
export function specOfDeletedRun(shown: CommitStatusSpec, nowText: string): CommitStatusSpec {
  const title = 'Cancelled: the run was deleted before it was seen to end';
  const name = shown.run?.name ?? shown.report.externalId;
  const page = shown.report.detailsUrl === undefined ? undefined : link('Details', shown.report.detailsUrl);
  const text = `The PipelineRun \`${name}\` was deleted before it was seen to end. Nobody can say how it ended, or would have.`;
  return {
    ...shown,
    report: {
      ...shown.report,
      state: 'cancelled',
      title,
      text: page === undefined ? text : `${text}\n\n${page}`,
      completedAt: nowText,
      annotations: [],
    },
  };
}
