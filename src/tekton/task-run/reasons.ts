/** Reasons of a TaskRun's `Succeeded` condition, as Tekton names them (reference/tekton 1.3). */
export const taskRunReason = {
  started: 'Started',
  running: 'Running',
  pending: 'Pending',
  heldPending: 'TaskRunPending',
  toBeRetried: 'ToBeRetried',
  exceededQuota: 'ExceededResourceQuota',
  exceededNodeResources: 'ExceededNodeResources',
  pullImageFailed: 'PullImageFailed',
  succeeded: 'Succeeded',
  failed: 'Failed',
  stepFailed: 'StepFailed',
  stepOutOfMemory: 'StepOOM',
  initContainerFailed: 'InitContainerFailed',
  initContainerOutOfMemory: 'InitContainerOOM',
  podEvicted: 'PodEvicted',
  cancelled: 'TaskRunCancelled',
  timeout: 'TaskRunTimeout',
  imagePullFailed: 'TaskRunImagePullFailed',
  containerConfigError: 'CreateContainerConfigError',
  podCreationFailed: 'PodCreationFailed',
  podAdmissionFailed: 'PodAdmissionFailed',
  resultTooLarge: 'TaskRunResultLargerThanAllowedLimit',
  resolutionFailed: 'TaskRunResolutionFailed',
  validationFailed: 'TaskRunValidationFailed',
  taskValidationFailed: 'TaskValidationFailed',
  invalidParamValue: 'InvalidParamValue',
  couldntCreateClaim: 'CouldntCreateWorkspacePVC',
  failureIgnored: 'FailureIgnored',
  /** Ours: nobody can say how the attempt ended (law 2). Neither a success nor a failed test. */
  evidenceLost: 'EvidenceLost',
} as const;

/** `terminationReason` of a step, as Tekton names them. */
export const stepEnd = {
  completed: 'Completed',
  continued: 'Continued',
  error: 'Error',
  timedOut: 'TimeoutExceeded',
  skipped: 'Skipped',
  outOfMemory: 'OOMKilled',
  runCancelled: 'TaskRunCancelled',
  runTimedOut: 'TaskRunTimeout',
  /** Ours, as `taskRunReason.evidenceLost`. */
  lost: 'EvidenceLost',
} as const;
