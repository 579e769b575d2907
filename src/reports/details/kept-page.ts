/** The page of what is gone: what its statuses said is kept. Pure. */
import type { CommitStatus } from '../../forge/kinds/commit-status.ts';
import type { DetailsPage } from './details-path.ts';
import { type Block, fact, type Page, line, type Section } from './page.ts';
import { acknowledgedText, placeRows } from './run-page.ts';
import { sinceText, stateWords, toneOf } from './state-words.ts';

/** The page of a run or Delivery that is gone, from the statuses that lead to it; none when they are gone too. */
export function keptPage(page: DetailsPage, kept: readonly CommitStatus[]): Page {
  const what = page.kind === 'run' ? `The run ${page.namespace}/${page.name}` : `The Delivery ${page.name}`;
  const [first] = kept;
  const told = first === undefined ? 'Nothing of it is kept any more.' : 'This is what its status says.';
  const lead = { kind: 'paragraph', line: line(`${what} is no longer there. ${told}`) } as const;
  return {
    title: page.name,
    state: first === undefined ? 'Gone' : `${stateWords[first.spec.report.state]}${sinceText(endOf(first))}`,
    tone: first === undefined ? 'neutral' : toneOf(first.spec.report.state),
    sections: [{ title: '', blocks: [lead] }, ...kept.map(statusSection), ...logSection(page)],
  };
}

function endOf({ spec }: CommitStatus): string | undefined {
  return spec.report.completedAt;
}

function statusSection(kept: CommitStatus): Section {
  const { spec } = kept;
  const { report } = spec;
  const rows = [
    ...fact('State', stateWords[report.state]),
    ...fact('Why', report.title),
    ...fact('Project', [{ text: report.project.url, to: report.project.url }]),
    ...fact('Commit', report.sha),
    ...placeRows(report),
    ...fact('Attempt', String(spec.attempt)),
    ...fact('Started', report.startedAt),
    ...fact('Ended', report.completedAt),
    ...fact('At the Git host', acknowledgedText(kept)),
  ];
  const text: readonly Block[] = report.text.trim() === '' ? [] : [{ kind: 'verbatim', text: report.text }];
  return { title: report.context, blocks: [{ kind: 'facts', rows }, ...text] };
}

function logSection(page: DetailsPage): readonly Section[] {
  if (page.kind !== 'run') return [];
  const text = `penstock logs ${page.name} -n ${page.namespace}`;
  return [{ title: 'Its logs, if they are kept still', blocks: [{ kind: 'verbatim', text }] }];
}
