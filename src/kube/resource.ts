import type { KubeObject } from './object.ts';

/**
 * What a kind is called on the wire. `T` is the TypeScript shape of its objects (a phantom: never set).
 * `group` is `''` for the core group.
 */
export interface ResourceType<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case, as it stands in paths: `pipelineruns`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shape?: T;
}

/** `group/version`, or `version` alone in the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** The collection's path: `/api/v1/namespaces/NS/pods`, `/apis/tekton.dev/v1/pipelineruns` (all namespaces). */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.resource}`;
}

/** The path of one object, or of its subresource (`status`, `log`). */
export function objectPath(
  type: ResourceType,
  key: { readonly namespace: string; readonly name: string },
  subresource?: string,
): string {
  const object = `${collectionPath(type, key.namespace)}/${encodeURIComponent(key.name)}`;
  return subresource === undefined ? object : `${object}/${subresource}`;
}
