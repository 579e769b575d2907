import type { Clock } from '../base/clock.ts';
import type { ApiClient } from '../client/api-client.ts';
import type { AdmissionPlugin } from '../kube/admission.ts';
import { nodes, pods } from '../kube/core-types.ts';
import { keyOf } from '../kube/object.ts';
import { pipelineRuns } from '../tekton/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, noMetrics } from '../telemetry/metrics.ts';
import { gateAdmission } from './admission.ts';
import { type ApiHealth, clusterSigns, healthyApi } from './cluster-signs.ts';
import type { ControllerHost } from '../controller/contract.ts';
import { GateIndex } from './gate-index.ts';
import { GateMetrics } from './gate-metrics.ts';
import { GateReconciler } from './gate-reconciler.ts';
import { concurrencyLimitOf, repositories } from './repository.ts';
import { RepositoryGateReconciler } from './repository-gate.ts';
import { gates } from './types.ts';

/** What the gate is made of. */
export interface GateParts {
  readonly client: ApiClient;
  readonly host: ControllerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** How API calls fare; by default they are never slow. */
  readonly api?: ApiHealth;
}

/** A gate at work. */
export interface RunningGate {
  /** For the API server, or a webhook. */
  readonly admission: AdmissionPlugin;
  /** Shows no numbers any more: this process does not look after the gates from now on. */
  stop(): void;
}

/** Registers the controller of gates with `host`. */
export function createGate(parts: GateParts): RunningGate {
  const { client, host, clock, logger, metrics = noMetrics, api = healthyApi } = parts;
  const gateCache = host.informer(gates);
  const runCache = host.informer(pipelineRuns);
  const repositoryCache = host.informer(repositories);
  const podCache = host.informer(pods);
  const nodeCache = host.informer(nodes);
  const index = new GateIndex(gateCache, runCache, (name) => queue.add({ namespace: '', name }));
  const gateMetrics = new GateMetrics(metrics, clock);
  const reconciler = new GateReconciler({
    client,
    clock,
    logger,
    gates: gateCache,
    runs: runCache,
    index,
    metrics: gateMetrics,
    signs: () => clusterSigns(podCache, nodeCache, api),
    limitOfRepository(repository) {
      const [namespace = '', name = ''] = repository.split('/');
      return concurrencyLimitOf(repositoryCache.get({ namespace, name }));
    },
  });
  const queue = host.controller({ name: 'gate', reconciler, workers: 1 });
  new RepositoryGateReconciler({ client, logger, repositories: repositoryCache, gates: gateCache }).register(host);
  gateCache.addHandler(index.gateHandler);
  runCache.addHandler(index.runHandler);
  repositoryCache.addHandler({
    updated(previous, repository) {
      if (concurrencyLimitOf(previous) === concurrencyLimitOf(repository)) return;
      for (const gate of gateCache.list()) queue.add(keyOf(gate));
    },
  });
  return { admission: gateAdmission(() => gateCache.list()), stop: () => gateMetrics.forgetAll() };
}
