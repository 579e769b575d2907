/** Keys of labels and annotations of PipelineRuns and their secrets: those that Pipelines-as-Code publishes, and ours. */

/** Published keys. L: label, A: annotation. */
export const runKeys = {
  /** L A: name of the definition. */
  originalName: 'pipelinesascode.tekton.dev/original-prname',
  urlOrg: 'pipelinesascode.tekton.dev/url-org',
  urlRepository: 'pipelinesascode.tekton.dev/url-repository',
  sha: 'pipelinesascode.tekton.dev/sha',
  /** L A: name of the Repository, in the namespace of the run. */
  repository: 'pipelinesascode.tekton.dev/repository',
  eventType: 'pipelinesascode.tekton.dev/event-type',
  /** L A: `queued`, `started`, `completed`. Nothing of ours is decided by it. */
  state: 'pipelinesascode.tekton.dev/state',
  /** L A: its number. */
  pullRequest: 'pipelinesascode.tekton.dev/pull-request',
  cancelInProgress: 'pipelinesascode.tekton.dev/cancel-in-progress',
  shaTitle: 'pipelinesascode.tekton.dev/sha-title',
  shaUrl: 'pipelinesascode.tekton.dev/sha-url',
  repoUrl: 'pipelinesascode.tekton.dev/repo-url',
  sourceRepoUrl: 'pipelinesascode.tekton.dev/source-repo-url',
  sender: 'pipelinesascode.tekton.dev/sender',
  branch: 'pipelinesascode.tekton.dev/branch',
  sourceBranch: 'pipelinesascode.tekton.dev/source-branch',
  gitProvider: 'pipelinesascode.tekton.dev/git-provider',
  installationId: 'pipelinesascode.tekton.dev/installation-id',
  sourceProjectId: 'pipelinesascode.tekton.dev/source-project-id',
  targetProjectId: 'pipelinesascode.tekton.dev/target-project-id',
  gitAuthSecret: 'pipelinesascode.tekton.dev/git-auth-secret',
  logUrl: 'pipelinesascode.tekton.dev/log-url',
  maxKeepRuns: 'pipelinesascode.tekton.dev/max-keep-runs',
  targetNamespace: 'pipelinesascode.tekton.dev/target-namespace',
  url: 'pipelinesascode.tekton.dev/url',
} as const;

/** Keys of Penstock. */
export const penstockKeys = {
  /** L A: all attempts for one definition, scope and commit. */
  series: 'penstock.dev/series',
  /** L: all runs of one definition and scope. */
  line: 'penstock.dev/line',
  /** A: number of the attempt within the series. */
  attempt: 'penstock.dev/attempt',
  /** A: `pr-<number>`, or the full ref. */
  scope: 'penstock.dev/scope',
  /** A: order within the line, greater = newer. */
  order: 'penstock.dev/order',
  /** A: what asked for the run; the same in every copy of the event. */
  occurrence: 'penstock.dev/occurrence',
  /** A: hash of what is run and where it is reported. */
  digest: 'penstock.dev/digest',
  /** L: name of the Delivery that led to it. */
  delivery: 'penstock.dev/delivery',
  /** A: {@link StatusTarget} as JSON: where the run is reported. Its presence makes a run reported. */
  statusTarget: 'penstock.dev/status-target',
  /** A: who cancelled the run: a login, or a sentence. */
  cancelledBy: 'penstock.dev/cancelled-by',
  /** A: name of the run or commit that took its place. */
  supersededBy: 'penstock.dev/superseded-by',
  /** A, on secrets of runs: when what they hold ends, RFC 3339. */
  expiresAt: 'penstock.dev/expires-at',
  /** L, on CommitStatuses: hash of the page that their link leads to. */
  page: 'penstock.dev/page',
  /** L: a namespace or Repository that Penstock made by itself. */
  autoConfigured: 'penstock.dev/auto-configured',
  /** A, on namespaces: address of the repository they were made for. */
  configuredFor: 'penstock.dev/configured-for',
  /** L, on namespaces, set by people: `true` lets Penstock put new Repositories there. */
  acceptsNewRepositories: 'penstock.dev/accepts-new-repositories',
  /** L, on secrets: name of the run they are for. */
  run: 'penstock.dev/run',
} as const;

/** Label of who manages an object, and our value of it on runs: the published one, which `tkn pac` looks for. */
export const managedByKey: string = 'app.kubernetes.io/managed-by';
export const managedByRuns: string = 'pipelinesascode.tekton.dev';
