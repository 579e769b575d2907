// tidy: table
import { choice, described, flag, instant, integer, list, long, object, text, textMap } from '../builders.ts';
import { conditions } from '../core/pod.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/** Kinds of Git hosts, as `ForgeKind` of forge has them. */
const forgeKinds: readonly string[] = ['github', 'gitlab', 'gitea', 'bitbucket-cloud', 'bitbucket-datacenter', 'git'];

/** States of a status, as `StatusState` of forge has them. */
export const statusStates: readonly string[] = [
  'queued',
  'awaiting_approval',
  'running',
  'succeeded',
  'failed',
  'error',
  'lost',
  'timed_out',
  'cancelled',
  'skipped',
  'superseded',
];

/** A repository at a Git host. */
export const project: StructuralSchema = object(
  'A repository at a Git host.',
  {
    url: text('Web address.'),
    owner: text('All before the last part of its path.'),
    name: text('Name.'),
    id: text('Number or UUID at the host.'),
    defaultBranch: text('Default branch.'),
    cloneUrl: text('Where git clones from.'),
  },
  { required: ['url', 'owner', 'name'] },
);

/** Members of a `StatusTarget`. */
export const statusTargetFields: Readonly<Record<string, StructuralSchema>> = {
  project,
  sha: text('Commit.', { minLength: 1, maxLength: 64 }),
  context: text('Context at the host.', { maxLength: 255 }),
  pullRequest: object(
    'Pull request.',
    { number: long('Number.'), headProject: described('Where its head lives.', project) },
    { required: ['number', 'headProject'] },
  ),
  ref: text('Full name of the branch or tag that was pushed.'),
};

const state = choice('State.', statusStates);

const annotation = object(
  'A finding at a line of a file.',
  {
    path: text('Path.'),
    line: long('Line.'),
    message: text('What was found.'),
    level: choice('How bad it is.', ['failure', 'warning', 'notice']),
  },
  { required: ['path', 'line', 'message', 'level'] },
);

const report = object(
  'What is shown.',
  {
    ...statusTargetFields,
    externalId: text('Names the attempt.'),
    state,
    title: text('One line.'),
    text: text('Markdown.'),
    detailsUrl: text('Where it leads to.'),
    startedAt: instant('When the attempt began.'),
    completedAt: instant('When it ended.'),
    annotations: list('Findings.', annotation, { maxItems: 50 }),
  },
  { required: ['project', 'sha', 'context', 'externalId', 'state', 'title', 'text', 'annotations'] },
);

/** The whole of a CommitStatus's `spec`. */
export const commitStatusSpec: StructuralSchema = object(
  'What one context of one commit is to say.',
  {
    repository: text('Repository by whose credential it is posted.', { maxLength: 253 }),
    attempt: integer('Attempt; a smaller one never follows.', { minimum: 0 }),
    report,
    run: object(
      'Run it tells of.',
      { namespace: text('Namespace.'), name: text('Name.'), uid: text('UID.') },
      { required: ['namespace', 'name', 'uid'] },
    ),
    comment: object(
      'Comment that goes with it.',
      { pullRequest: long('Number.'), marker: text('By which it is found again.'), body: text('Markdown.') },
      { required: ['pullRequest', 'marker', 'body'] },
    ),
    commentOnly: flag('Only the comment is made.'),
    forge: choice('Kind of the host.', forgeKinds),
    installationId: long('GitHub App installation.'),
  },
  { required: ['repository', 'attempt', 'report'] },
);

/** The whole of a CommitStatus's `status`. */
export const commitStatusStatus: StructuralSchema = object('What the host was seen to say.', {
  acknowledged: object(
    'The last report the host took.',
    {
      attempt: integer('Attempt.'),
      state,
      digest: text('Hash of the report.'),
      at: instant('When.'),
      evidence: choice('How that is known.', ['accepted', 'read']),
    },
    { required: ['attempt', 'state', 'digest', 'at', 'evidence'] },
  ),
  handle: textMap('How the host calls it.'),
  commentDigest: text('Hash of the last comment the host took.'),
  failures: integer('Tries since the host last took something.'),
  failedDigest: text('Hash of the report that was tried in vain.'),
  failingSince: instant('When the first of these tries failed.'),
  lastError: text('Why the last try failed.'),
  nextTryAt: instant('When it is tried again.'),
  conditions,
});
