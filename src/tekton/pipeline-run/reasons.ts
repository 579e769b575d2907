/** Reasons of a PipelineRun's `Succeeded` condition, as Tekton names them (reference/tekton 1.2). */
export const runReason = {
  running: 'Running',
  pending: 'PipelineRunPending',
  stopping: 'PipelineRunStopping',
  cancelledRunningFinally: 'CancelledRunningFinally',
  stoppedRunningFinally: 'StoppedRunningFinally',
  timeoutRunningFinally: 'PipelineRunTimeoutRunningFinally',
  couldntCancel: 'PipelineRunCouldntCancel',
  claimPending: 'Pending',
  succeeded: 'Succeeded',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  timeout: 'PipelineRunTimeout',
  couldntGetPipeline: 'CouldntGetPipeline',
  couldntGetTask: 'CouldntGetTask',
  validationFailed: 'PipelineValidationFailed',
  invalidGraph: 'PipelineInvalidGraph',
  invalidWorkspaceBindings: 'InvalidWorkspaceBindings',
  invalidTaskRunSpecs: 'InvalidTaskRunSpecs',
  requiredWorkspaceMarkedOptional: 'RequiredWorkspaceMarkedOptional',
  couldntCreateClaim: 'CouldntCreateWorkspacePVC',
  invalidTaskResultReference: 'InvalidTaskResultReference',
  invalidPipelineResultReference: 'InvalidPipelineResultReference',
  couldntGetPipelineResult: 'CouldntGetPipelineResult',
  createRunFailed: 'CreateRunFailed',
  /** Ours, as of a TaskRun: tasks whose end nobody knows, and none that is known to have failed (law 2). */
  evidenceLost: 'EvidenceLost',
} as const;

/** Reasons in `status.skippedTasks`, character for character those of Tekton. */
export const skipReason = {
  whenFalse: 'When Expressions evaluated to false',
  parentSkipped: 'Parent Tasks were skipped',
  stopping: 'PipelineRun was stopping',
  gracefullyCancelled: 'PipelineRun was gracefully cancelled',
  gracefullyStopped: 'PipelineRun was gracefully stopped',
  missingResults: 'Results were missing',
  pipelineTimeout: 'PipelineRun timeout has been reached',
  tasksTimeout: 'PipelineRun Tasks timeout has been reached',
  finallyTimeout: 'PipelineRun Finally timeout has been reached',
  emptyMatrix: 'Matrix Parameters have an empty array',
} as const;

export type SkipReason = (typeof skipReason)[keyof typeof skipReason];

/** `spec.statusMessage` of a TaskRun that is cancelled with its run. */
export const cancelledChildMessage = 'TaskRun cancelled as the PipelineRun it belongs to has been cancelled.';

/** `spec.statusMessage` of a TaskRun that is stopped by a timeout of its run. Also the mark by which that is known. */
export const timedOutChildMessage = 'TaskRun cancelled as the PipelineRun it belongs to has timed out.';

/** `spec.statusMessage` of a TaskRun whose run ended for another reason while it was still running. */
export const orphanedChildMessage = 'TaskRun cancelled as the PipelineRun it belongs to has ended.';

/** Prefix of messages about what only the author of the run or pipeline can put right. */
export const userErrorPrefix = '[User error] ';
