import type { InformerHandler, Lister } from '../controller/contract.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceType } from '../kube/resource.ts';

/** A cache that also tells of changes. */
export interface AgentLister<T extends KubeObject> extends Lister<T> {
  addHandler(handler: InformerHandler<T>): void;
}

/** What the node agent asks of the program that runs it. The controller room's Manager is one. */
export interface AgentHost {
  /** The one cache of a kind in this process. */
  informer<T extends KubeObject>(type: ResourceType<T>): AgentLister<T>;
}
