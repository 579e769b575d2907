import type { JsonObject } from '../base/json.ts';
import { UserError } from '../base/errors.ts';

/** What an installation can choose. */
export interface InstallOptions {
  /** Where Penstock itself runs. */
  readonly namespace: string;
  readonly image: string;
  readonly replicas: number;
  /** Who runs PipelineRuns: we, or a Tekton that is installed. With `tekton` its CRDs are its own. */
  readonly engine: 'penstock' | 'tekton';
  readonly tektonCrds: boolean;
  readonly pipelinesAsCodeCrds: boolean;
  /** The bucket that keeps logs of steps: `s3://BUCKET/PREFIX?region=REGION`. Without it and a claim they go with their pods. */
  readonly logs?: string;
  /** A PersistentVolumeClaim in Penstock's namespace that keeps them instead; several replicas need `ReadWriteMany`. */
  readonly logsClaim?: string;
  /** Secret of type `kubernetes.io/tls` in Penstock's namespace: webhooks come in over TLS; absent = over plain HTTP. */
  readonly hooksTlsSecret?: string;
  /** How Git hosts reach the Service for webhooks; absent = somebody else leads them there. */
  readonly ingress?: IngressOptions;
  /** Who may send webhooks, as peers of a NetworkPolicy; absent = anybody: a signature decides. */
  readonly hooksFrom?: readonly JsonObject[];
  /** Whether the cluster has the Prometheus Operator, whose ServiceMonitor is then made. */
  readonly monitoring: boolean;
  /** Whether Penstock may make namespaces and Repositories by itself, which the settings then may ask of it. */
  readonly newRepositories: boolean;
}

/** An Ingress for webhooks. */
export interface IngressOptions {
  /** DNS name: `ci.example.com`. */
  readonly host: string;
  /** Absent = the cluster's default class. */
  readonly className?: string;
  /** Secret of type `kubernetes.io/tls` in Penstock's namespace; absent = the controller's own certificate, or none. */
  readonly tlsSecret?: string;
  /** For the Ingress controller; default: {@link ingressAnnotations}. */
  readonly annotations?: JsonObject;
}

/** ingress-nginx lets a body of 1 MiB through unless told otherwise. GitHub's may have 25, and so many we take. */
export const ingressAnnotations: JsonObject = { 'nginx.ingress.kubernetes.io/proxy-body-size': '25m' };

/** ingress-nginx speaks plain HTTP to what is behind it unless told otherwise. */
export const tlsAnnotations: JsonObject = { 'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS' };

/** Whether logs of steps outlive their pods. */
export function keepsLogs({ logs, logsClaim }: InstallOptions): boolean {
  return logs !== undefined || logsClaim !== undefined;
}

/** Most replicas: one leads, one stands by; more only spread the webhook. */
export const replicasMax = 10;

/** What is installed unless something else is asked for. `version` is the program's own. */
export function defaultInstallOptions(version: string): InstallOptions {
  return {
    namespace: 'penstock',
    image: `penstock:${version}`,
    replicas: 2,
    engine: 'penstock',
    tektonCrds: true,
    pipelinesAsCodeCrds: true,
    monitoring: false,
    newRepositories: false,
  };
}

/** Throws `UserError` (`INSTALL_OPTION`) for a choice that no cluster would take. */
export function checkInstallOptions(options: InstallOptions): void {
  const { namespace, image, replicas, logs, logsClaim, hooksTlsSecret, ingress } = options;
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw refuse(`"${namespace}" is no name of a namespace`, 'use up to 63 of a-z, 0-9 and -, not - at the ends');
  }
  if (!/^[a-zA-Z0-9][-a-zA-Z0-9._:/@]{0,510}$/.test(image)) {
    throw refuse(`"${image}" is no name of an image`, 'write REGISTRY/NAME:TAG, or REGISTRY/NAME@sha256:DIGEST');
  }
  if (logs !== undefined && !/^s3:\/\/[^\s/?]+[^\s"']*$/.test(logs)) {
    throw refuse(`"${logs}" is no bucket`, 'write s3://BUCKET/PREFIX?region=REGION: replicas share no folder');
  }
  if (logs !== undefined && logsClaim !== undefined) {
    throw refuse('logs are kept in a bucket or in a claim', 'name one of them');
  }
  checkObjectNames([logsClaim, hooksTlsSecret]);
  checkIngress(ingress);
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > replicasMax) {
    throw refuse(`${replicas} is no number of replicas`, `use a number from 1 to ${replicasMax}`);
  }
}

function checkIngress(ingress: IngressOptions | undefined): void {
  if (ingress === undefined) return;
  const { host, className, tlsSecret } = ingress;
  if (host.length > 253 || !/^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(host)) {
    throw refuse(`"${host}" is no name that Git hosts could call`, 'write a DNS name alone: ci.example.com');
  }
  checkObjectNames([className, tlsSecret]);
}

function checkObjectNames(names: readonly (string | undefined)[]): void {
  for (const name of names) {
    if (name !== undefined && !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
      throw refuse(`"${name}" is no name of an object`, 'use a-z, 0-9, - and ., not - or . at the ends');
    }
  }
}

function refuse(message: string, remedy: string): UserError {
  return new UserError(message, { code: 'INSTALL_OPTION', remedy });
}
