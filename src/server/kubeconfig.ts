import type { JsonObject } from '../base/json.ts';

/** What a client needs to reach a server. */
export interface KubeconfigOptions {
  /** `https://127.0.0.1:8480`. */
  readonly url: string;
  /** PEM. */
  readonly certificateAuthority: string;
  readonly token: string;
}

const name = 'penstock';

/**
 * A kubeconfig with one cluster, one user and one context. JSON, which is YAML too: every client reads it.
 * See the Kubernetes reference of `Config` (v1).
 */
export function kubeconfigFor({ url, certificateAuthority, token }: KubeconfigOptions): JsonObject {
  const authority = Buffer.from(certificateAuthority).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': authority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
}
