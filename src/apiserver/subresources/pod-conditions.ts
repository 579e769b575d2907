import { isJsonObject } from '../../base/json.ts';
import type { Condition, UnknownObject } from '../../kube/object.ts';

/** The pod with `condition` in place of an earlier one of its type. */
export function withCondition(pod: UnknownObject, condition: Condition): UnknownObject {
  const status = isJsonObject(pod['status']) ? pod['status'] : {};
  const conditions = (status['conditions'] ?? []) as unknown as readonly Condition[];
  const others = conditions.filter(({ type }) => type !== condition.type);
  return { ...pod, status: { ...status, conditions: [...others, condition] } };
}
