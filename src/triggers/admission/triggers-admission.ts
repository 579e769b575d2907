import type { Clock } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json.ts';
import { type Delivery, deliveries } from '../../forge/kinds/delivery.ts';
import { type Repository, repositories } from '../../forge/kinds/repository.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../kube/admission.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ResourceType } from '../../kube/resource.ts';
import { validateRepository } from './validate-repository.ts';

/** What {@link triggersAdmission} knows. */
export interface TriggersAdmissionOptions {
  readonly systemNamespace: string;
  readonly clock: Clock;
  /** All Repositories, as a cache knows them: two that are created at once may both pass, and then the older one counts. */
  readonly listRepositories: () => readonly Repository[];
}

/** Refuses Repositories that could never work, and changes of what a Delivery says. */
export function triggersAdmission(options: TriggersAdmissionOptions): AdmissionPlugin {
  return {
    name: 'triggers',
    validate: (request) => {
      if (request.operation === 'DELETE' || request.subresource !== undefined) return undefined;
      if (isOf(request, repositories)) return repositoryCauses(request, options);
      return isOf(request, deliveries) ? deliveryCauses(request) : undefined;
    },
  };
}

function isOf<T extends KubeObject>({ type }: AdmissionRequest, wanted: ResourceType<T>): boolean {
  return type.group === wanted.group && type.resource === wanted.resource;
}

/** A Repository that is not changed in what it says may be written: labels and finalizers of an old one that was let in. */
function repositoryCauses(request: AdmissionRequest, options: TriggersAdmissionOptions): readonly StatusCause[] {
  const { object, oldObject, key } = request;
  if (object === undefined || (oldObject !== undefined && jsonEqual(object['spec'], oldObject['spec']))) return [];
  const given = object as unknown as Repository;
  const repository = { ...given, metadata: { ...given.metadata, namespace: key.namespace, name: key.name } };
  const { systemNamespace, clock, listRepositories } = options;
  return validateRepository(repository, { systemNamespace, nowMs: clock.now(), others: listRepositories() });
}

function deliveryCauses({ object, oldObject }: AdmissionRequest): readonly StatusCause[] {
  const [now, before] = [object, oldObject] as unknown as readonly (Delivery | undefined)[];
  if (before === undefined || jsonEqual(now?.spec, before.spec)) return [];
  const message = 'Forbidden: what came in does not change; `penstock delivery replay` makes a new one';
  return [{ reason: 'FieldValueForbidden', field: 'spec', message }];
}
