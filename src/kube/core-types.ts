import type { Condition, KubeObject } from './object.ts';
import type { Pod } from './pod.ts';
import type { ResourceType } from './resource.ts';

/** core/v1 Namespace. */
export interface Namespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: 'Active' | 'Terminating' };
}

/** core/v1 ConfigMap. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** core/v1 Secret. `stringData` is write-only: the server moves it into `data`. */
export interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** core/v1 ServiceAccount. */
export interface ServiceAccount extends KubeObject {
  readonly secrets?: readonly { readonly name?: string }[];
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
}

/** core/v1 PersistentVolumeClaim. */
export interface PersistentVolumeClaim extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly phase?: string; readonly [member: string]: unknown };
}

/** core/v1 Event. */
export interface KubeEvent extends KubeObject {
  readonly involvedObject: {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
  };
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly reportingComponent?: string;
}

/** core/v1 Node, as far as the embedded home needs one. */
export interface Node extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly conditions?: readonly Condition[]; readonly [member: string]: unknown };
}

/** coordination.k8s.io/v1 Lease. */
export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

const core = { group: '', version: 'v1' } as const;

export const namespaces: ResourceType<Namespace> = {
  ...core,
  resource: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const pods: ResourceType<Pod> = { ...core, resource: 'pods', kind: 'Pod', namespaced: true };
export const configMaps: ResourceType<ConfigMap> = {
  ...core,
  resource: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
export const secrets: ResourceType<Secret> = { ...core, resource: 'secrets', kind: 'Secret', namespaced: true };
export const serviceAccounts: ResourceType<ServiceAccount> = {
  ...core,
  resource: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
export const persistentVolumeClaims: ResourceType<PersistentVolumeClaim> = {
  ...core,
  resource: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
};
export const events: ResourceType<KubeEvent> = { ...core, resource: 'events', kind: 'Event', namespaced: true };
export const nodes: ResourceType<Node> = { ...core, resource: 'nodes', kind: 'Node', namespaced: false };
export const leases: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  resource: 'leases',
  kind: 'Lease',
  namespaced: true,
};
