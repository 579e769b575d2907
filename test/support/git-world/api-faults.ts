/** Faults of the API server on demand, on Penstock's calls alone. */
import type { ApiRequest, ApiResponse, Transport } from '../../../src/kube/transport.ts';
import { ConnectionError } from '../../../src/net/connection-error.ts';

export type ApiFault =
  /** Refuses, with a Status. */
  | { readonly kind: 'refuse'; readonly code: number; readonly reason: string; readonly message: string }
  /** Carries it out; the answer is lost. */
  | { readonly kind: 'lost-answer' }
  /** Carries it out, and answers that it exists already: what a retry within the API server looks like from outside. */
  | { readonly kind: 'done-but-exists' }
  /** Not carried out; nobody answers. */
  | { readonly kind: 'lost-call' };

interface Planned {
  readonly call: RegExp;
  readonly fault: ApiFault | { readonly kind: 'after'; readonly deed: (request: ApiRequest) => Promise<void> };
  left: number;
}

export class ApiFaults {
  /** `METHOD /path` of each call that met a fault. */
  readonly met: string[] = [];
  readonly #planned: Planned[] = [];

  /** The next `times` calls whose method and path match meet the fault. */
  next(call: RegExp, fault: ApiFault, times = 1): void {
    this.#planned.push({ call, fault, left: times });
  }

  /** Something happens just before the next such call is carried out. */
  beforeNext(call: RegExp, deed: (request: ApiRequest) => Promise<void>): void {
    this.#planned.push({ call, fault: { kind: 'after', deed }, left: 1 });
  }

  readonly disturb = (transport: Transport): Transport => {
    return async (request) => {
      const line = `${request.method} ${request.path}`;
      const planned = this.#planned.find(({ call, left }) => left > 0 && call.test(line));
      if (planned === undefined) return transport(request);
      planned.left--;
      this.met.push(line);
      return strike(planned.fault, request, transport);
    };
  };
}

async function strike(fault: Planned['fault'], request: ApiRequest, transport: Transport): Promise<ApiResponse> {
  switch (fault.kind) {
    case 'refuse':
      return refusal(fault.code, fault.reason, fault.message);
    case 'after':
      await fault.deed(request);
      return transport(request);
    case 'lost-call':
      throw new ConnectionError('NET_CONNECTION', 'socket hang up');
    case 'lost-answer':
      await transport(request);
      throw new ConnectionError('NET_TIMEOUT', 'no answer in time');
    case 'done-but-exists': {
      await transport(request);
      const what = 'the server was not able to generate a unique name for the object';
      return refusal(409, 'AlreadyExists', `pipelineruns.tekton.dev already exists, ${what}`);
    }
  }
}

function refusal(code: number, reason: string, message: string): ApiResponse {
  const value = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code };
  return { status: code, headers: {}, body: { kind: 'json', value } };
}
