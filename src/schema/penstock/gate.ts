// tidy: table
import { choice, flag, instant, integer, keyedList, list, object, text, textSet, withDefault } from '../builders.ts';
import { conditions } from '../core/pod.ts';
import { labelSelector } from '../core/selectors.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const limit = (description: string, minimum: number): StructuralSchema =>
  integer(description, { minimum, maximum: 2000 });

const timeOfDay = (description: string): StructuralSchema =>
  text(description, { pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

const window = object(
  'A part of the week.',
  {
    days: list(
      'Days on which it opens; absent = every day.',
      choice('Day.', ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']),
    ),
    from: timeOfDay('When it opens, HH:MM.'),
    to: timeOfDay('When it closes, HH:MM; not later than `from` means the next day.'),
    timeZone: withDefault(text('IANA name of the time zone.', { maxLength: 64 }), 'UTC'),
    maxRunning: limit('Another limit while it is open.', 1),
  },
  { required: ['from', 'to'] },
);

/** The whole of a Gate's `spec`. */
export const gateSpec: StructuralSchema = object('Which runs, how many at a time, in which order.', {
  namespaces: textSet('Only runs of these namespaces; absent = all.', { maxItems: 1000 }),
  selector: labelSelector,
  repository: text('Only runs of the Repository of this name.', { maxLength: 253 }),
  maxRunning: limit('Most runs at a time; absent = no limit.', 0),
  maxRunningPerRepository: limit('Most runs of one Repository at a time.', 1),
  maxRunningPerBranch: limit('Most runs of one branch of a Repository at a time.', 1),
  order: withDefault(choice('Which of the waiting runs starts next.', ['Priority', 'FIFO', 'FairShare']), 'Priority'),
  weights: {
    type: 'object',
    description: 'Shares of Repositories by name under FairShare; 1 for those not named.',
    additionalProperties: integer('Share.', { minimum: 1, maximum: 1000 }),
    maxProperties: 1000,
  },
  paused: flag('Nothing starts while this is true.'),
  windows: list('When the gate is open; absent = always. Of several that are open the strictest holds.', window, {
    maxItems: 50,
  }),
  adaptive: object('Lowers the limit while the cluster shows distress, and raises it again.', {
    minRunning: withDefault(limit('Never lower than this.', 1), 1),
    unschedulablePods: withDefault(integer('Unschedulable pods that count as distress.', { minimum: 1 }), 1),
    apiLatencyMs: withDefault(
      integer('Mean latency of API calls that counts as distress, in milliseconds.', { minimum: 1 }),
      1000,
    ),
  }),
  onDelete: withDefault(
    choice('What becomes of waiting runs when the gate is deleted.', ['Release', 'Hold']),
    'Release',
  ),
});

const slot = object(
  'A run that was let through and is not over.',
  {
    namespace: text('Namespace.'),
    name: text('Name.'),
    uid: text('UID.'),
    repository: text('namespace/name of its Repository.'),
    branch: text('Branch it counts towards.'),
  },
  { required: ['namespace', 'name', 'uid'] },
);

/** The whole of a Gate's `status`. */
export const gateStatus: StructuralSchema = object('What the gate does.', {
  observedGeneration: integer('Generation of the spec the status is about.', { format: 'int64' }),
  slots: keyedList('Runs that were let through and are not over.', ['uid'], slot),
  running: integer('How many run.'),
  waiting: integer('How many wait.'),
  limit: integer('The limit in force; absent = none.'),
  limitReason: text('Why the limit is what it is.'),
  oldestWaiting: instant('When the run that waits longest was created.'),
  adaptive: object('How far the limit was lowered.', {
    limit: integer('Limit.'),
    reason: text('Why.'),
    lastChangeTime: instant('When it was last changed.'),
  }),
  conditions,
});
