/** Paths, names and keys that the pods of TaskRuns share with the executor and with people's scripts. */

/** Removed once the verdict on the pod is stored: until then the evidence cannot vanish (decision 6). */
export const verdictFinalizer = 'penstock.dev/verdict';

export const podPaths = {
  workspace: '/workspace',
  home: '/tekton/home',
  results: '/tekton/results',
  steps: '/tekton/steps',
  bin: '/tekton/bin',
  scripts: '/tekton/scripts',
  credentials: '/tekton/creds',
  credentialSecrets: '/tekton/creds-secrets',
  termination: '/tekton/termination',
} as const;

export const podVolumes = {
  workspace: 'tekton-internal-workspace',
  home: 'tekton-internal-home',
  results: 'tekton-internal-results',
  steps: 'tekton-internal-steps',
  bin: 'tekton-internal-bin',
  scripts: 'penstock-scripts',
  /** Of one step: what is in it belongs to the user that the step runs as. */
  credentials: (index: number): string => `tekton-creds-${index}`,
  homeCredentials: 'tekton-creds-home',
} as const;

export const podAnnotation = {
  /** What the pod runs: an `AttemptRecord` as JSON. */
  attempt: 'penstock.dev/attempt',
  wrapper: 'penstock.dev/wrapper',
  credentials: 'penstock.dev/credentials',
  script: (index: number): string => `penstock.dev/script-${index}`,
  /** Container names of the wrapped steps, separated by commas: their termination messages are reports. */
  wrapped: 'penstock.dev/wrapped-steps',
} as const;

/** The init container that puts a shell in place for wrapped steps. */
export const prepareContainer = 'prepare';

/** The init container that writes credentials to HOME for steps that run bare. */
export const credentialsContainer = 'credentials';

/** The container that reports the results of a last step which runs bare. */
export const collectContainer = 'collect-results';

/** Containers of steps are called so; what follows is the step's name in the status. */
export const stepPrefix = 'step-';

/** Labels of pods (reference/tekton 1.0). */
export const podLabel = {
  taskRun: 'tekton.dev/taskRun',
  taskRunUid: 'tekton.dev/taskRunUID',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;
