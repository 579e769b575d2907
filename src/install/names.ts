/** What the parts of an installation are called. Their labels, ports and names meet in several manifests. */

/** The name of most objects. */
export const installName = 'penstock';
/** The Lease by which replicas find their leader. */
export const leaseName = 'penstock-controller';
/** The role for making namespaces and Repositories. */
export const newRepositoriesName = 'penstock-new-repositories';
export const webhookName = 'penstock-webhook';
export const metricsName = 'penstock-metrics';
/** The Service, and the Ingress, by which Git hosts reach us. */
export const hooksName = 'penstock-hooks';
/** Holds the certificates of the webhook; Penstock makes it itself. */
export const webhookSecretName = 'penstock-webhook-tls';

/**
 * The roles around logs that are kept, and the Secret made by operators who keep them in a bucket: `AWS_ACCESS_KEY_ID` and
 * `AWS_SECRET_ACCESS_KEY`.
 */
export const bucketSecretName = 'penstock-logs';

/** The APIService by which API servers hand on requests for logs that are kept: version and group. */
export const logsServiceName = 'v1alpha1.logs.penstock.dev';

/** Where the controller listens, in its pod. */
export const ports = { health: 8081, webhook: 8443, hooks: 8080 } as const;

/** Where the claim for logs and the certificate for webhooks are, in its pod. */
export const folders = { logs: '/var/lib/penstock/logs', hooksTls: '/etc/penstock/hooks-tls' } as const;

/** The labels that pods are selected by. They never change: selectors of a Deployment cannot. */
export const podSelector: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': installName,
  'app.kubernetes.io/component': 'controller',
};

/** The label of everything that belongs to Penstock. CRDs carry it too: it tells ours from those of others. */
export const partOfLabel: Readonly<Record<string, string>> = { 'app.kubernetes.io/part-of': installName };

/** Labels of every object. */
export const commonLabels: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': installName,
  ...partOfLabel,
};

/** DNS names by which API servers call the webhook, in `namespace`. */
export function webhookHosts(namespace: string): readonly string[] {
  const short = `${webhookName}.${namespace}.svc`;
  return [short, `${short}.cluster.local`];
}

/** The first line of every generated file. */
export const writtenHeader = '# Written by `npm run deploy-manifests`; change src/install instead.\n';
