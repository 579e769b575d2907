// tidy: table
import { choice, instant, integer, list, long, object, text, textMap } from '../builders.ts';
import { conditions } from '../core/pod.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** Members that a newer Penstock may add are kept: an older one that reads them must not lose them. */
const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;

const forge = (description: string): StructuralSchema =>
  choice(description, ['github', 'gitlab', 'gitea', 'bitbucket-cloud', 'bitbucket-datacenter', 'git']);

const project = object(
  'The repository at the host.',
  {
    url: text('Web address.', { maxLength: 2048 }),
    owner: text('All before the last part of the path.'),
    name: text('Last part of the path.'),
  },
  { required: ['url', 'owner', 'name'], ...open },
);

const event = object(
  'One thing that happened in one project.',
  {
    trigger: choice('What kind of thing.', [
      'push',
      'pull_request',
      'pull_request_closed',
      'comment',
      'rerun',
      'merge_group',
      'ref_deleted',
      'repository_created',
      'incoming',
      'schedule',
    ]),
    forge: forge('Kind of host.'),
    eventType: text('The published word for labels and templates.'),
    action: text("The host's word for what happened within the kind."),
    occurrence: text('The same in every copy of one occurrence, different for another one.', { minLength: 1 }),
    project,
    actor: object('Who did it.', { login: text('Name of the account.') }, { required: ['login'], ...open }),
  },
  { required: ['trigger', 'forge', 'eventType', 'occurrence', 'project', 'actor'], ...open },
);

/** The whole of a Delivery's `spec`. */
export const deliverySpec: StructuralSchema = object(
  'What came in. Never changed once it is stored.',
  {
    forge: forge('Kind of host it came from.'),
    deliveryId: text("The host's id of the delivery.", { maxLength: 1024 }),
    eventName: text("The host's name of the event.", { maxLength: 256 }),
    bodyHash: text('SHA-256 of the body, hexadecimal.', { pattern: '^[0-9a-f]{64}$' }),
    receivedAt: instant('When it was received.'),
    events: list('What it says.', event, { maxItems: 1000 }),
    headers: textMap('Headers that templates may see; never signatures or tokens.', { maxProperties: 64 }),
    payload: object(
      'The body.',
      {
        encoding: choice('How it is written.', ['gzip+base64']),
        bytes: integer('Its size before that.', { minimum: 0 }),
        data: text('The body, compressed.'),
      },
      { required: ['encoding', 'bytes', 'data'] },
    ),
    payloadOmitted: text('Why the body was not kept.'),
    verifiedBy: text("namespace/name of the Repository whose secret verified it; absent = the App's secret."),
    replayOf: text('Name of the Delivery that this one repeats.', { maxLength: 253 }),
  },
  { required: ['forge', 'eventName', 'bodyHash', 'receivedAt', 'events', 'headers'] },
);

const plannedRun = object(
  'A run, decided before it is created.',
  {
    event: integer('Index of the event it comes from.', { minimum: 0 }),
    namespace: text('Namespace of the run.'),
    repository: text('Name of the Repository.'),
    definition: text('Name of the definition in .tekton.'),
    name: text('Name of the PipelineRun.'),
    attempt: long('Number of the attempt.', { minimum: 1 }),
    series: text('What its attempts have in common.'),
    outcome: choice('How far it is.', ['planned', 'created', 'adopted', 'failed', 'superseded']),
    uid: text('UID of the PipelineRun.'),
    message: text('Why it could not be created.'),
  },
  {
    required: ['event', 'namespace', 'repository', 'definition', 'name', 'attempt', 'series', 'outcome'],
    ...open,
  },
);

const notice = object(
  'Something shown at the host that no run stands for.',
  {
    namespace: text('Namespace of the Repository.'),
    repository: text('Name of the Repository.'),
    attempt: long('Number of the attempt.'),
    externalId: text('Names the attempt.'),
    state: text('What is shown.'),
    title: text('One line.'),
    text: text('All of it.'),
  },
  { required: ['namespace', 'repository', 'attempt', 'externalId', 'state', 'title', 'text'], ...open },
);

/** The whole of a Delivery's `status`. */
export const deliveryStatus: StructuralSchema = object(
  'What became of it.',
  {
    phase: choice('How far it is.', ['Pending', 'Planned', 'Done', 'Failed']),
    outcomes: list(
      'What each event led to.',
      object(
        'What one event led to.',
        {
          event: integer('Index of the event.', { minimum: 0 }),
          reason: text('One word.'),
          message: text('A sentence.'),
        },
        { required: ['event', 'reason', 'message'], ...open },
      ),
    ),
    runs: list('The runs it leads to.', plannedRun),
    notices: list('What is shown besides runs.', notice),
    tries: integer('How often it was tried.', { minimum: 0 }),
    lastError: text('Why the last try failed.'),
    completedAt: instant('When nothing was left to do.'),
    conditions,
  },
  open,
);
