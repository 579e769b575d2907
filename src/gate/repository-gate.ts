/** A limit that a Repository sets itself holds without anybody making a gate for it. */
import type { ApiClient } from '../client/api-client.ts';
import type { ControllerHost, Lister, ObservedLister, Reconciler, ReconcileResult } from '../controller/contract.ts';
import { isApiError } from '../kube/api-error.ts';
import { keyOf, type ObjectKey } from '../kube/object.ts';
import type { PipelineRun } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { gatesOf } from './governance.ts';
import { concurrencyLimitOf, type Repository } from './repository.ts';
import { type Gate, gates, repositoryKey } from './types.ts';

/** The gate that Penstock makes when nobody else's holds a Repository to its limit. */
export const repositoryGateName = 'repositories';

/** What {@link RepositoryGateReconciler} works with. */
export interface RepositoryGateParts {
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly repositories: ObservedLister<Repository>;
  readonly gates: Lister<Gate>;
}

/** Keys are Repositories. Makes the gate when one with a limit is governed by none. */
export class RepositoryGateReconciler implements Reconciler {
  readonly #parts: RepositoryGateParts;

  constructor(parts: RepositoryGateParts) {
    this.#parts = parts;
  }

  /** Looks whenever a Repository sets a limit, and at all of them when a gate goes or governs other runs from now on. */
  register(host: ControllerHost): void {
    const queue = host.controller({ name: 'repository-gate', reconciler: this, workers: 1 });
    const take = (repository: Repository): void => {
      if (concurrencyLimitOf(repository) !== undefined) queue.add(keyOf(repository));
    };
    this.#parts.repositories.addHandler({ added: take, updated: (_previous, repository) => take(repository) });
    const takeAll = (): void => this.#parts.repositories.list().forEach(take);
    host.informer(gates).addHandler({
      deleted: takeAll,
      updated: (previous, gate) => {
        if (previous.metadata.generation !== gate.metadata.generation) takeAll();
      },
    });
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const { client, logger, repositories } = this.#parts;
    const repository = repositories.get(key);
    if (concurrencyLimitOf(repository) === undefined || this.#isGoverned(key)) return {};
    const labels = { 'app.kubernetes.io/managed-by': 'penstock' };
    const selector = { matchExpressions: [{ key: repositoryKey, operator: 'Exists' }] };
    const gate = {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'Gate',
      metadata: { name: repositoryGateName, labels },
      spec: { selector },
    };
    try {
      await client.create(gates, gate);
      logger.info('a gate was made that holds Repositories to their limits', { gate: repositoryGateName });
    } catch (thrown) {
      if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
      const { namespace, name } = key;
      const known = this.#parts.gates.get({ namespace: '', name: repositoryGateName });
      // Not in the cache yet, or somebody's own, which leaves this Repository out: theirs to decide.
      if (known !== undefined)
        logger.warn('no gate holds a Repository to its limit', { repository: `${namespace}/${name}` });
    }
    return {};
  }

  /** Whether some gate governs the runs of this Repository. */
  #isGoverned({ namespace, name }: ObjectKey): boolean {
    const labels = { [repositoryKey]: name };
    const run: PipelineRun = { apiVersion: '', kind: '', metadata: { namespace, labels }, spec: {} };
    return gatesOf(run, this.#parts.gates.list()).length > 0;
  }
}
