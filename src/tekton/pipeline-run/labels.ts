/** Labels and annotations of runs and their children (reference/tekton 1.0). */
export const label = {
  pipeline: 'tekton.dev/pipeline',
  pipelineRun: 'tekton.dev/pipelineRun',
  pipelineRunUid: 'tekton.dev/pipelineRunUID',
  pipelineTask: 'tekton.dev/pipelineTask',
  memberOf: 'tekton.dev/memberOf',
} as const;

/** Carries `onError: continue` of a pipeline task to its TaskRun. */
export const onErrorAnnotation = 'pipeline.tekton.dev/pipeline-task-on-error';

/** Who asked for a cancel, in a word or two; repeated in the run's final message. */
export const cancelledByAnnotation = 'penstock.dev/cancelled-by';

/** Annotations by which Tekton Chains says what it has signed. They belong to one object and to no other. */
export const signaturePrefix = 'chains.tekton.dev/';

/** What is said of the run as a whole: where it is reported, where it waits, who ended it. */
const ofRunAlone: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  cancelledByAnnotation,
  'penstock.dev/superseded-by',
  'penstock.dev/status-target',
  'penstock.dev/queue',
]);

/** Annotations of a run that must not reach its children. */
export function staysWithRun(key: string): boolean {
  return key.startsWith(signaturePrefix) || ofRunAlone.has(key);
}
