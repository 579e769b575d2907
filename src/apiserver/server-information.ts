/** Paths that say what the server is and how it is: `/version`, `/healthz`, `/readyz`, `/livez`. */
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import { jsonResponse } from './resource-call.ts';

/** The version of Kubernetes whose API this is, as far as it goes. */
const kubernetesMinor = 34;

/** Undefined for any other path. `ready` is whether the server takes part in work yet. */
export function respondWithInformation({ path }: ApiRequest, ready: boolean): ApiResponse | undefined {
  switch (path.replace(/\/$/, '')) {
    case '/version':
      return jsonResponse(200, {
        major: '1',
        minor: String(kubernetesMinor),
        gitVersion: `v1.${kubernetesMinor}.0+penstock`,
        gitCommit: '',
        gitTreeState: '',
        buildDate: '',
        goVersion: '',
        compiler: '',
        platform: 'linux/amd64',
      });
    case '/healthz':
    case '/livez':
      return textResponse(200, 'ok');
    case '/readyz':
      return ready ? textResponse(200, 'ok') : textResponse(500, 'not started');
    default:
      return undefined;
  }
}

function textResponse(status: number, text: string): ApiResponse {
  return { status, headers: {}, body: { kind: 'text', text, contentType: 'text/plain; charset=utf-8' } };
}
