/** Which objects a list, a watch or a deletecollection is about. */
import { parseFieldSelector } from '../../kube/field-selectors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { parseLabelSelector } from '../../kube/selectors.ts';
import type { ApiRequest } from '../../kube/transport.ts';
import type { KindDefinition } from '../../schema/kind-definition.ts';
import type { StoreKey } from '../../store/store.ts';
import { rangePrefix, storeKeyOf } from '../store-keys.ts';

/** A selection, ready to be asked about objects. */
export interface ObjectSelection {
  /** What the keys of all selected objects start with. */
  readonly prefix: StoreKey;
  /** The only key that can be selected, when the name is known. */
  readonly onlyKey?: StoreKey;
  /** Undefined when everything below the prefix is selected. */
  readonly matches?: (object: KubeObject) => boolean;
}

/** Reads `labelSelector` and `fieldSelector`; `namespace` is `''` for all. Throws `BadRequest`. */
export function selectionOf(kind: KindDefinition, namespace: string, query: ApiRequest['query']): ObjectSelection {
  const labels = query['labelSelector'] ? parseLabelSelector(query['labelSelector']) : undefined;
  const fields = query['fieldSelector']
    ? parseFieldSelector(kind.type, query['fieldSelector'], kind.selectableFields)
    : undefined;
  const selectsLabels = labels !== undefined && labels.requirements.length > 0;
  const selectsFields = fields !== undefined && fields.requirements.length > 0;
  const matches = (object: KubeObject): boolean =>
    (!selectsLabels || labels.matches(object.metadata.labels)) && (!selectsFields || fields.matches(object));
  const inNamespace = namespace || (kind.type.namespaced ? fields?.requiredValue('metadata.namespace') : undefined);
  const name = fields?.requiredValue('metadata.name');
  return {
    prefix: rangePrefix(kind.type, inNamespace),
    ...(name && (inNamespace || !kind.type.namespaced)
      ? { onlyKey: storeKeyOf(kind.type, { namespace: inNamespace ?? '', name }) }
      : {}),
    ...(selectsLabels || selectsFields ? { matches } : {}),
  };
}
