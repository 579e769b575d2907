/** The page of a Delivery: what came in, and what came of it. Pure. */
import type { GitEvent } from '../../forge/git-event.ts';
import type { Delivery, DeliveryStatus, PlannedRun } from '../../forge/kinds/delivery.ts';
import { type Block, fact, line, type Line, type Page, type Piece, type Section, type Tone } from './page.ts';
import { deliveryLine } from './run-page.ts';
import { stateWords, toneOf } from './state-words.ts';

/** Most events, runs and notices of a page, each. */
export const deliveryRowsMax = 100;

/** What became of a Delivery on the whole. */
type Outcome = 'pending' | 'failed' | 'refused' | 'awaiting' | 'runs' | 'overtaken' | 'nothing';

/** The page of a Delivery that is there. */
export function deliveryPage({ metadata, spec, status }: Delivery): Page {
  const name = metadata.name ?? '';
  const outcome = outcomeOf(status);
  const [event] = spec.events;
  const about = event === undefined ? '' : ` of ${event.project.owner}/${event.project.name}`;
  return {
    title: `${spec.forge} ${spec.eventName}${about}`,
    state: outcomeWords[outcome],
    tone: tones[outcome],
    sections: [
      { title: 'What came in', blocks: cameInBlocks(name, { spec }) },
      ...whatCameOfIt(status),
      ...runSections(status?.runs ?? []),
      ...noticeSections(status),
      { title: 'What to do', blocks: adviceBlocks(outcome, name, metadata.namespace ?? '') },
    ],
  };
}

const outcomeWords: Readonly<Record<Outcome, string>> = {
  pending: 'Not done yet',
  failed: 'Given up',
  refused: 'Something of it could not be carried out',
  awaiting: 'Waiting for approval',
  runs: 'Led to runs',
  overtaken: 'Not run: something newer came first',
  nothing: 'Led to nothing',
};

const tones: Readonly<Record<Outcome, Tone>> = {
  pending: 'waiting',
  failed: 'bad',
  refused: 'bad',
  awaiting: 'waiting',
  runs: 'good',
  overtaken: 'neutral',
  nothing: 'neutral',
};

function outcomeOf(status: DeliveryStatus | undefined): Outcome {
  const { phase = 'Pending', runs = [], notices = [] } = status ?? {};
  const isRefused =
    runs.some(({ outcome }) => outcome === 'failed') || notices.some(({ state }) => toneOf(state) === 'bad');
  if (phase === 'Failed') return 'failed';
  if (isRefused) return 'refused';
  if (phase !== 'Done') return 'pending';
  if (notices.some(({ state }) => state === 'awaiting_approval')) return 'awaiting';
  if (runs.some(({ outcome }) => outcome === 'created' || outcome === 'adopted')) return 'runs';
  return runs.length > 0 ? 'overtaken' : 'nothing';
}

function cameInBlocks(name: string, { spec }: Pick<Delivery, 'spec'>): readonly Block[] {
  const { forge, eventName, deliveryId, receivedAt, replayOf, events } = spec;
  const rows = [
    ...fact('Delivery', name),
    ...fact('Event', `${forge} ${eventName}`),
    ...fact("The host's id", deliveryId),
    ...fact('Received', receivedAt),
    ...fact('Repeats', replayOf === undefined ? undefined : deliveryLine(replayOf)),
  ];
  const shown = events
    .slice(0, deliveryRowsMax)
    .map((event) => [
      [{ text: `${event.project.owner}/${event.project.name}`, to: event.project.url }],
      line([event.eventType, event.action].filter(Boolean).join(' ')),
      aboutLine(event),
      commitLine(event),
      line(event.actor.login),
    ]);
  const head = ['Project', 'Event', 'About', 'Commit', 'By'];
  return [{ kind: 'facts', rows }, { kind: 'table', head, rows: shown }, ...moreBlocks(events.length)];
}

function aboutLine({ pullRequest, pullRequestNumber, push, incoming, schedule }: GitEvent): Line {
  if (pullRequest !== undefined) {
    return [{ text: `#${pullRequest.number}`, to: pullRequest.url }, { text: ` ${pullRequest.title}` }];
  }
  if (pullRequestNumber !== undefined) return line(`#${pullRequestNumber}`);
  const ref = push?.ref ?? incoming?.branch ?? schedule?.branch ?? '';
  return line(ref.replace(/^refs\/(?:heads|tags)\//, ''));
}

function commitLine({ revision }: GitEvent): Line {
  if (revision === undefined) return [];
  const commit: Piece = { text: revision.sha, ...(revision.url === undefined ? {} : { to: revision.url }) };
  return [commit, { text: revision.title === undefined ? '' : ` ${revision.title}` }];
}

function whatCameOfIt(status: DeliveryStatus | undefined): readonly Section[] {
  const { outcomes = [], tries = 0, lastError, nextTryAt, cancelled = [], phase = 'Pending' } = status ?? {};
  const rows = outcomes
    .slice(0, deliveryRowsMax)
    .map(({ event, reason, message }) => [line(String(event + 1)), line(reason), line(message)]);
  const facts = [
    ...fact('Phase', phase),
    ...fact('Tries', tries > 0 ? String(tries) : undefined),
    ...fact('Next try', phase === 'Pending' || phase === 'Planned' ? nextTryAt : undefined),
    ...cancelled
      .slice(0, deliveryRowsMax)
      .flatMap(({ namespace, name, by }) =>
        fact('Cancelled', [{ text: name, to: { kind: 'run', namespace, name } }, { text: ` by ${by}` }]),
      ),
  ];
  return [
    {
      title: 'What came of it',
      blocks: [
        { kind: 'facts', rows: facts },
        ...(rows.length === 0 ? [] : [{ kind: 'table', head: ['Event', 'Outcome', 'Why'], rows } as const]),
        ...moreBlocks(outcomes.length),
        ...(lastError === undefined ? [] : [{ kind: 'verbatim', text: lastError } as const]),
      ],
    },
  ];
}

const runWords: Readonly<Record<PlannedRun['outcome'], string>> = {
  planned: 'not made yet',
  created: 'made',
  adopted: 'was there already',
  failed: 'could not be made',
  superseded: 'not made: something newer came first',
};

function runSections(runs: readonly PlannedRun[]): readonly Section[] {
  if (runs.length === 0) return [];
  const rows = runs.slice(0, deliveryRowsMax).map(({ definition, namespace, name, attempt, outcome, target }) => {
    const isThere = outcome === 'created' || outcome === 'adopted';
    const run: Piece = { text: `${namespace}/${name}`, ...(isThere ? { to: { kind: 'run', namespace, name } } : {}) };
    return [line(definition), [run], line(String(attempt)), line(runWords[outcome]), line(target.context)];
  });
  const head = ['Definition', 'Run', 'Attempt', 'Outcome', 'Context'];
  const refused = runs.filter(({ outcome, message }) => outcome === 'failed' && message !== undefined);
  return [
    { title: 'Runs', blocks: [{ kind: 'table', head, rows }, ...moreBlocks(runs.length)] },
    ...refused.slice(0, deliveryRowsMax).map(({ definition, message = '' }): Section => ({
      title: `Why ${definition} could not be made, in the words of the API server`,
      blocks: [{ kind: 'verbatim', text: message }],
    })),
  ];
}

function noticeSections(status: DeliveryStatus | undefined): readonly Section[] {
  const notices = status?.notices ?? [];
  return notices.slice(0, deliveryRowsMax).map(({ target, state, title, text }) => ({
    title: `Told at the Git host: ${target.context}`,
    blocks: [
      { kind: 'paragraph', line: line(`${stateWords[state]}: ${title}`) },
      ...(text.trim() === '' ? [] : [{ kind: 'verbatim', text } as const]),
    ],
  }));
}

function moreBlocks(count: number): readonly Block[] {
  const more = count - deliveryRowsMax;
  return more > 0 ? [{ kind: 'paragraph', line: line(`… and ${more} more`) }] : [];
}

const advice: Readonly<Record<Outcome, string>> = {
  pending: 'Nothing: it is tried again by itself, for a day.',
  failed: 'See to what is named above, then push again, or let the same event happen once more:',
  refused:
    'Correct what is named above. A mistake in a definition takes a new commit; after a change in the cluster (a quota, a permission) comment /retest on the pull request, or let the same event happen once more:',
  awaiting: 'Somebody who may push, or whom OWNERS names, comments /ok-to-test on the pull request.',
  overtaken: 'Nothing: what is newer is run instead. To let the same event happen once more:',
  runs: 'Follow the runs. To let the same event happen once more:',
  nothing:
    'Nothing, if that was meant. What would have to match is explained by `penstock match`; to let the same event happen once more:',
};

function adviceBlocks(outcome: Outcome, name: string, namespace: string): readonly Block[] {
  const commands = [
    `penstock delivery show ${name}`,
    ...(outcome === 'pending' || outcome === 'awaiting' ? [] : [`penstock delivery replay ${name}`]),
    `kubectl get delivery ${name} -n ${namespace} -o yaml`,
  ];
  return [
    { kind: 'paragraph', line: line(advice[outcome]) },
    { kind: 'verbatim', text: commands.join('\n') },
  ];
}
