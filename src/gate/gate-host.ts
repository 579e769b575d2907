import type { InformerHandler, Lister, Reconciler } from '../controller/contract.ts';
import type { KubeObject, ObjectKey } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** A cache that also tells of changes. */
export interface ObservedLister<T extends KubeObject> extends Lister<T> {
  addHandler(handler: InformerHandler<T>): void;
}

/** What the gate asks of the program that runs it. The controller room's Manager is one. */
export interface GateHost {
  informer<T extends KubeObject>(type: ResourceType<T>): ObservedLister<T>;
  controller(options: { readonly name: string; readonly reconciler: Reconciler; readonly workers: number }): {
    add(key: ObjectKey): void;
  };
}
