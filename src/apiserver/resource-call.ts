import type { JsonObject } from '../base/json.ts';
import type { ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { ApiRequest, ApiResponse } from '../kube/transport.ts';
import type { UserInfo } from '../kube/user.ts';
import type { KindDefinition } from '../schema/kind-definition.ts';

/** A request about objects of a kind, by somebody. */
export interface ResourceCall {
  readonly user: UserInfo;
  readonly request: ApiRequest;
  readonly kind: KindDefinition;
  /** Empty name = the collection; empty namespace = cluster-scoped, or all namespaces. */
  readonly key: ObjectKey;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** Whether the path itself asks for a watch: the old `/api/v1/watch/…`, the only watch of a single object. */
  readonly watch?: boolean;
}

/** A subresource with rules of its own, such as `pods/eviction`. */
export interface SubresourceHandler {
  readonly type: ResourceType;
  readonly name: string;
  /** For discovery: the kind of the bodies it reads and writes. */
  readonly bodyKind: { readonly group: string; readonly version: string; readonly kind: string };
  /** For discovery: `create`, `get`, `update`. */
  readonly verbs: readonly string[];
  /** Answers a call to it; errors are thrown. */
  handle(call: ResourceCall): ApiResponse | Promise<ApiResponse>;
}

/** An answer in JSON. `warnings` go into the `warning` header, as Kubernetes writes them. */
export function jsonResponse(status: number, value: JsonObject, warnings: readonly string[] = []): ApiResponse {
  return { status, headers: warningHeaders(warnings), body: { kind: 'json', value } };
}

const noHeaders: Readonly<Record<string, string>> = {};

/** Most warnings in one answer. */
const warningsMax = 50;

function warningHeaders(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return noHeaders;
  const texts = [...new Set(warnings)].slice(0, warningsMax).map((text) => `299 - ${quoted(text)}`);
  return { warning: texts.join(', ') };
}

/** A quoted string of HTTP: printable ASCII only. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
}
