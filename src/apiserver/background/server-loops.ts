import type { AdmissionPlugin } from '../../kube/admission.ts';
import type { Transport } from '../../kube/transport.ts';
import { CustomResources } from '../custom-resources/custom-resources.ts';
import type { ServerParts } from '../server-parts.ts';
import { EventExpiry } from './event-expiry.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { NamespaceController } from './namespace-controller.ts';
import { StoreFollower } from './store-follower.ts';

/** What the loops of a server need: its parts, and the API as the server itself uses it. */
export type ServerLoopsOptions = Pick<ServerParts, 'store' | 'registry' | 'clock' | 'random' | 'logger'> & {
  readonly transport: Transport;
};

/** The loops that keep the API's promises after the answer: custom kinds, garbage, namespaces, old Events. */
export class ServerLoops {
  readonly #customResources: CustomResources;
  readonly #garbageCollector: GarbageCollector;
  readonly #namespaces: NamespaceController;
  readonly #eventExpiry: EventExpiry;
  readonly #follower: StoreFollower;
  /** Rules about writes that the loops rely on. */
  readonly admission: readonly AdmissionPlugin[];

  constructor({ registry, ...rest }: ServerLoopsOptions) {
    const options = { ...rest, kinds: registry };
    this.#customResources = new CustomResources(options);
    this.#garbageCollector = new GarbageCollector(options);
    this.#namespaces = new NamespaceController(options);
    this.#eventExpiry = new EventExpiry(options);
    this.admission = [this.#customResources.admission];
    // Custom kinds first: the others ask which kinds there are.
    const listeners = [this.#customResources, this.#garbageCollector, this.#namespaces, this.#eventExpiry];
    this.#follower = new StoreFollower({ ...rest, listeners });
  }

  /** Kinds of stored CustomResourceDefinitions are served once this returns. */
  start(): void {
    this.#follower.start();
    this.#customResources.start();
    this.#garbageCollector.start();
    this.#namespaces.start();
    this.#eventExpiry.start();
  }

  async stop(): Promise<void> {
    this.#eventExpiry.stop();
    await this.#follower.stop();
    await Promise.all([this.#customResources.stop(), this.#garbageCollector.stop(), this.#namespaces.stop()]);
  }
}
