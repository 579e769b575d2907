/** The pods of Penstock and what belongs to them. */
import type { JsonObject } from '../base/json.ts';
import { type IngressOptions, ingressAnnotations, type InstallOptions, tlsAnnotations } from './install-options.ts';
import {
  bucketSecretName,
  commonLabels,
  folders,
  hooksName,
  installName,
  leaseName,
  metricsName,
  podSelector,
  ports,
  webhookName,
} from './names.ts';

/** A user and group that no image has files of; `nobody` of distroless images. */
const unprivilegedId = 65_532;
/** Room for what Node compiles and for short-lived files. */
const scratchSize = '128Mi';
/** A stop hands the lease over and lets reconciles end; the manager takes half a minute at most. */
const terminationSeconds = 45;

/** What is answered there: webhooks, calls, and the pages that links of statuses lead to. */
const hookPaths: readonly string[] = ['/hooks', '/incoming', '/details'];

/** The namespace, guarded by the strictest Pod Security profile. */
export function namespaceObject({ namespace }: InstallOptions): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { ...commonLabels, 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
}

/** The replicas. One leads, all answer the webhook and take the webhooks of Git hosts. */
export function deploymentObject(options: InstallOptions): JsonObject {
  const { namespace, replicas } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: installName, namespace, labels: { ...commonLabels, ...podSelector } },
    spec: {
      replicas,
      selector: { matchLabels: podSelector },
      // A new replica answers the webhook before an old one goes.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { metadata: { labels: { ...commonLabels, ...podSelector } }, spec: podSpec(options) },
    },
  };
}

function podSpec(options: InstallOptions): JsonObject {
  const { logsClaim, hooksTlsSecret } = options;
  return {
    serviceAccountName: installName,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: terminationSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: unprivilegedId,
      runAsGroup: unprivilegedId,
      fsGroup: unprivilegedId,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(spreadOver),
    containers: [container(options)],
    volumes: [
      { name: 'scratch', emptyDir: { sizeLimit: scratchSize } },
      ...(logsClaim === undefined ? [] : [{ name: 'logs', persistentVolumeClaim: { claimName: logsClaim } }]),
      ...(hooksTlsSecret === undefined ? [] : [{ name: 'hooks-tls', secret: { secretName: hooksTlsSecret } }]),
    ],
  };
}

/** Where there is only one machine, both replicas run there. */
function spreadOver(topologyKey: string): JsonObject {
  return { maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: podSelector } };
}

function container({ image, engine, logs, logsClaim, hooksTlsSecret }: InstallOptions): JsonObject {
  return {
    name: 'controller',
    image,
    args: [
      'controller',
      `--engine=${engine}`,
      `--lease-name=${leaseName}`,
      '--health-host=',
      `--health-port=${ports.health}`,
      `--webhook-port=${ports.webhook}`,
      '--hooks-host=',
      `--hooks-port=${ports.hooks}`,
      ...(hooksTlsSecret === undefined ? [] : [`--hooks-tls=${folders.hooksTls}`]),
      ...(logs === undefined ? [] : [`--logs=${logs}`]),
      ...(logsClaim === undefined ? [] : [`--logs=${folders.logs}`]),
    ],
    // The keys of the bucket, as the AWS SDK reads them, unless the account of the pod has rights of its own.
    ...(logs === undefined ? {} : { envFrom: [{ secretRef: { name: bucketSecretName, optional: true } }] }),
    // Node keeps what it compiled, so that a restart is quick.
    env: [{ name: 'XDG_CACHE_HOME', value: '/tmp/cache' }],
    ports: [
      { name: 'health', containerPort: ports.health },
      { name: 'webhook', containerPort: ports.webhook },
      { name: 'hooks', containerPort: ports.hooks },
    ],
    // The API server may be slow to answer at first: only a process that hangs is ended.
    startupProbe: { httpGet: { path: '/healthz', port: 'health' }, periodSeconds: 2, failureThreshold: 30 },
    livenessProbe: {
      httpGet: { path: '/healthz', port: 'health' },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
    readinessProbe: { httpGet: { path: '/readyz', port: 'health' }, periodSeconds: 5, timeoutSeconds: 3 },
    resources: {
      requests: { cpu: '100m', memory: '256Mi' },
      limits: { memory: '1Gi' },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'scratch', mountPath: '/tmp' },
      ...(logsClaim === undefined ? [] : [{ name: 'logs', mountPath: folders.logs }]),
      ...(hooksTlsSecret === undefined ? [] : [{ name: 'hooks-tls', mountPath: folders.hooksTls, readOnly: true }]),
    ],
  };
}

/** The way of API servers to the webhook, of Prometheus to the measurements, and of Git hosts to the inbox. */
export function serviceObjects(options: InstallOptions): readonly JsonObject[] {
  const { namespace } = options;
  const service = (name: string, component: string, port: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { ...commonLabels, 'app.kubernetes.io/component': component } },
    spec: { selector: podSelector, ports: [{ protocol: 'TCP', ...port }] },
  });
  return [
    service(webhookName, 'webhook', { name: 'https', port: 443, targetPort: 'webhook' }),
    service(metricsName, 'metrics', { name: 'metrics', port: ports.health, targetPort: 'health' }),
    service(hooksName, 'hooks', { ...hooksServicePort(options), targetPort: 'hooks' }),
  ];
}

/** Plain HTTP, before which something else speaks TLS; or TLS itself. */
function hooksServicePort({ hooksTlsSecret }: InstallOptions): { readonly name: string; readonly port: number } {
  return hooksTlsSecret === undefined ? { name: 'http', port: 80 } : { name: 'https', port: 443 };
}

/** Leads Git hosts, and nobody else's paths, to the Service for webhooks. */
export function ingressObject(options: InstallOptions, ingress: IngressOptions): JsonObject {
  const { namespace, hooksTlsSecret } = options;
  const { host, className, tlsSecret, annotations: given } = ingress;
  const backend = { service: { name: hooksName, port: { number: hooksServicePort(options).port } } };
  const annotations = given ?? { ...ingressAnnotations, ...(hooksTlsSecret === undefined ? {} : tlsAnnotations) };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: hooksName, namespace, labels: commonLabels, annotations },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [{ host, http: { paths: hookPaths.map((path) => ({ path, pathType: 'Prefix', backend })) } }],
    },
  };
}

/** Voluntary disruptions take one replica at a time; it never blocks the drain of a node for good. */
export function disruptionBudgetObject({ namespace }: InstallOptions): JsonObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: installName, namespace, labels: commonLabels },
    spec: { maxUnavailable: 1, selector: { matchLabels: podSelector } },
  };
}
