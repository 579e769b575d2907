/** Which writes API servers ask Penstock about. */
import type { JsonObject } from '../base/json.ts';
import type { InstallOptions } from './install-options.ts';
import { commonLabels, installName, webhookName } from './names.ts';

/** How long an API server waits for an answer, in seconds. */
const timeoutSeconds = 10;

interface Webhook {
  readonly name: string;
  readonly group: 'tekton.dev' | 'penstock.dev' | 'pipelinesascode.tekton.dev';
  readonly resources: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  readonly failurePolicy: 'Fail' | 'Ignore';
}

/**
 * Runs fail closed: a run that slipped past would not be held by its gate, or could be made pending after its start, and
 * while no replica answers nothing would run it anyway. An invalid Gate would hold nothing. Definitions fail open: they are
 * judged again when a run uses them, and a Penstock that is down must not stop deliveries of manifests.
 */
const runs = {
  name: 'runs.penstock.dev',
  group: 'tekton.dev',
  resources: ['pipelineruns', 'taskruns'],
  operations: ['CREATE', 'UPDATE'],
  failurePolicy: 'Fail',
} as const satisfies Webhook;
const definitions: Webhook = {
  ...runs,
  name: 'definitions.penstock.dev',
  resources: ['pipelines', 'tasks'],
  failurePolicy: 'Ignore',
};
const gates: Webhook = { ...runs, name: 'gates.penstock.dev', group: 'penstock.dev', resources: ['gates'] };
/** Fail open: a Repository that could not work starts nothing, and of two with one address the older counts. */
const repositories: Webhook = {
  ...definitions,
  name: 'repositories.penstock.dev',
  group: 'pipelinesascode.tekton.dev',
  resources: ['repositories'],
};
/** Where Tekton runs pipelines it judges them too; only holding them back at their creation is ours. */
const heldRuns: Webhook = { ...runs, resources: ['pipelineruns'], operations: ['CREATE'] };

/** Both configurations. Whom to trust is missing: Penstock writes it there once it has made its certificates. */
export function webhookObjects(options: InstallOptions): readonly JsonObject[] {
  const ours = options.engine === 'penstock';
  const mutating = ours ? [runs, definitions, gates] : [heldRuns];
  const validating = ours ? [runs, definitions, gates, repositories] : [gates, repositories];
  return [
    configuration(
      'MutatingWebhookConfiguration',
      mutating.map((webhook) => mutatingEntry(webhook, options)),
    ),
    configuration(
      'ValidatingWebhookConfiguration',
      validating.map((webhook) => entry(webhook, '/validate', options)),
    ),
  ];
}

function configuration(kind: string, webhooks: readonly JsonObject[]): JsonObject {
  const metadata = { name: installName, labels: commonLabels };
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata, webhooks };
}

/** Asked again when another webhook changed the object after us: our rules give the same answer twice. */
function mutatingEntry(webhook: Webhook, options: InstallOptions): JsonObject {
  return { ...entry(webhook, '/mutate', options), reinvocationPolicy: 'IfNeeded' };
}

function entry(webhook: Webhook, path: string, { namespace }: InstallOptions): JsonObject {
  const { name, group, resources, operations, failurePolicy } = webhook;
  const namespaced = group !== 'penstock.dev';
  return {
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: { service: { namespace, name: webhookName, path, port: 443 } },
    failurePolicy,
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds,
    rules: [
      {
        apiGroups: [group],
        apiVersions: [group === 'tekton.dev' ? 'v1' : 'v1alpha1'],
        operations,
        resources,
        scope: namespaced ? 'Namespaced' : 'Cluster',
      },
    ],
    // Never in the way of its own start.
    ...(namespaced ? { namespaceSelector: elsewhereThan(namespace) } : {}),
    // What is being deleted changes only to let go of its finalizers, also while no replica answers.
    matchConditions: [{ name: 'not-being-deleted', expression: '!has(object.metadata.deletionTimestamp)' }],
  };
}

function elsewhereThan(namespace: string): JsonObject {
  return { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [namespace] }] };
}
