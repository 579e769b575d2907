/** The way from a pod to the API of its cluster. */
import { UserError } from '../base/errors.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** Where the kubelet puts a pod's service account: token, authority and namespace as files. */
export const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What {@link inClusterAccess} needs. */
export interface InClusterSource {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly service: { readonly host: string; readonly port: string };
  /** Default {@link serviceAccountDirectory}. */
  readonly directory?: string;
  /** Throws when it cannot. */
  readonly readFile: (path: string) => string;
}

/**
 * The access of this pod's service account. The token is read again for every call, since the kubelet replaces it before it
 * expires. Throws `UserError` (`IN_CLUSTER`) when the files are not there.
 */
export function inClusterAccess(source: InClusterSource): ClusterAccess {
  const { service, directory = serviceAccountDirectory, readFile } = source;
  const read = (name: string): string => {
    try {
      return readFile(`${directory}/${name}`).trim();
    } catch (thrown) {
      throw new UserError(`this looks like a pod, but ${directory}/${name} cannot be read`, {
        code: 'IN_CLUSTER',
        remedy: 'let the pod mount its service account (automountServiceAccountToken), or name a kubeconfig',
        cause: thrown,
      });
    }
  };
  read('token');
  const host = service.host.includes(':') ? `[${service.host}]` : service.host;
  return {
    context: 'in-cluster',
    namespace: read('namespace'),
    server: `https://${host}:${service.port}`,
    certificateAuthority: read('ca.crt'),
    token: () => read('token'),
  };
}
