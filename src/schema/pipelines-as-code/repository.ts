// tidy: table
import { choice, flag, freeObject, integer, keyedList, list, object, text, textList, textMap } from '../builders.ts';
import { topLevel } from '../core/object-meta.ts';
import type { KindDefinition } from '../kind-definition.ts';
import type { StructuralSchema } from '../structural-schema.ts';

const secretKey = (description: string): StructuralSchema =>
  object(description, { name: text('Secret.'), key: text('Key in it.') }, { required: ['name'] });

const comments = object('Comments on pull requests.', {
  comment_strategy: choice('How comments are made.', ['', 'update', 'disable_all']),
  user_agent: text('Name the client gives itself.'),
});

const gitProvider = object('The Git host.', {
  url: text('Base of its API.'),
  user: text('User of the token.'),
  secret: secretKey('Token.'),
  webhook_secret: secretKey('Secret of its webhooks.'),
  type: choice('Kind of host; `git` is ours: a repository without a host around it.', [
    'github',
    'gitlab',
    'bitbucket-datacenter',
    'bitbucket-cloud',
    'gitea',
    'forgejo',
    'git',
  ]),
});

const incoming = object('A webhook that starts a run by name.', {
  type: choice('Kind.', ['webhook-url']),
  secret: secretKey('Its secret.'),
  params: textList('Params the caller may give.'),
  targets: textList('Branches it may run on.'),
});

const param = object(
  'A value for templates.',
  {
    name: text('Name.'),
    value: text('Value.'),
    secret_ref: secretKey('Value from a secret.'),
    filter: text('CEL: when it applies.'),
  },
  { required: ['name'] },
);

const schedule = object(
  'Starts definitions at given times.',
  {
    name: text('Name, unique in the list.', { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 63 }),
    cron: text('Five fields (minute hour day month weekday), or @daily and the like.', { maxLength: 256 }),
    timeZone: text('IANA name of the time zone; UTC by default.', { maxLength: 64 }),
    branch: text('Branch to run on; the default branch by default.', { maxLength: 255 }),
    pipelineRun: text('Definition to run; absent = all that match the event schedule.', { maxLength: 253 }),
    params: textMap('Values for templates.', { maxProperties: 100 }),
    suspend: flag('Nothing starts while this is true.'),
  },
  { required: ['name', 'cron'] },
);

const settings = object('Further settings.', {
  github_app_token_scope_repos: textList('More repositories the token may reach.'),
  pipelinerun_provenance: choice('Where .tekton is read from.', ['source', 'default_branch']),
  policy: object('Who may start what.', {
    ok_to_test: textList('Teams that may allow a test.'),
    pull_request: textList('Teams whose pull requests run.'),
  }),
  github: comments,
  gitlab: comments,
  forgejo: comments,
  ai: freeObject('Analysis of failures; kept, not used.'),
});

const description = 'A repository at a Git host whose .tekton folder is run.';

/** `pipelinesascode.tekton.dev/v1alpha1` Repository, field for field as Pipelines-as-Code publishes it, and `schedules`. */
export const repositoryKind: KindDefinition = {
  type: {
    group: 'pipelinesascode.tekton.dev',
    version: 'v1alpha1',
    resource: 'repositories',
    kind: 'Repository',
    namespaced: true,
  },
  singular: 'repository',
  listKind: 'RepositoryList',
  description,
  schema: topLevel(description, {
    spec: object('What is wanted.', {
      url: text('Web address, http or https; file or ssh for the type git.'),
      concurrency_limit: integer('Most runs at a time; absent = no limit.', { minimum: 1 }),
      git_provider: gitProvider,
      incoming: list('Webhooks that start runs by name.', incoming),
      params: list('Values for templates.', param),
      settings,
      schedules: keyedList('When definitions start by themselves; ours.', ['name'], schedule, { maxItems: 100 }),
    }),
    pipelinerun_status: list('The last runs.', freeObject('One run.')),
  }),
  subresources: {},
  shortNames: ['repo'],
  categories: [],
  printerColumns: [
    { name: 'URL', type: 'string', jsonPath: '.spec.url' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  decoding: 'custom',
};
