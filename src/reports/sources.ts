/** From what a CommitStatus is made: runs, and notices of Deliveries about what has no run. */
import type { CacheHost, ObservedLister } from '../controller/contract.ts';
import { type Delivery, deliveries, type StatusNotice } from '../forge/kinds/delivery.ts';
import { runAttemptOf, statusTargetOf } from '../forge/kinds/status-target.ts';
import { keyText, type ObjectKey } from '../kube/object.ts';
import { isDone } from '../tekton/pipeline-run/children.ts';
import { type PipelineRun, pipelineRuns } from '../tekton/types.ts';
import { repositoryOf } from './desired.ts';
import type { Ranked } from './order.ts';
import { statusKeyOf } from './status-name.ts';

/** Something that may be shown in a context. */
export type Source =
  | (Ranked & { readonly kind: 'run'; readonly object: PipelineRun })
  | (Ranked & { readonly kind: 'notice'; readonly object: Delivery; readonly notice: StatusNotice });

/** Told of changes, with the key of the CommitStatus concerned. */
export interface SourceHandler {
  readonly changed: (key: ObjectKey) => void;
  readonly ended: (key: ObjectKey, run: PipelineRun) => void;
  /** With the last that was seen of a run that is gone. */
  readonly gone: (key: ObjectKey, run: PipelineRun) => void;
}

const indexName = 'reports/status';

/** Finds sources by the CommitStatus they belong to, and tells of their changes. */
export class Sources {
  readonly #runs: ObservedLister<PipelineRun>;
  readonly #deliveries: ObservedLister<Delivery>;

  constructor(host: CacheHost, { changed, ended, gone }: SourceHandler) {
    this.#runs = host.informer(pipelineRuns, { [indexName]: (run) => keysOfRun(run).map(keyText) });
    this.#deliveries = host.informer(deliveries, { [indexName]: (delivery) => keysOfDelivery(delivery).map(keyText) });
    this.#runs.addHandler({
      added: (run) => keysOfRun(run).forEach(changed),
      updated: (previous, run) => {
        keysOfRun(run).forEach(changed);
        if (!isDone(previous) && isDone(run)) for (const key of keysOfRun(run)) ended(key, run);
      },
      deleted: (run) => {
        for (const key of keysOfRun(run)) gone(key, run);
      },
    });
    this.#deliveries.addHandler({
      added: (delivery) => keysOfDelivery(delivery).forEach(changed),
      updated: (_previous, delivery) => keysOfDelivery(delivery).forEach(changed),
    });
  }

  /** All that may be shown in the context of `key`. */
  of(key: ObjectKey): readonly Source[] {
    const text = keyText(key);
    const runs = this.#runs.byIndex(indexName, text).map(sourceOfRun);
    const notices = this.#deliveries.byIndex(indexName, text).flatMap((delivery) => noticesAt(delivery, text));
    return [...runs, ...notices];
  }
}

/** A run as a source. */
export function sourceOfRun(run: PipelineRun): Source {
  const { name = '', uid = '' } = run.metadata;
  return { kind: 'run', attempt: runAttemptOf(run), run: { name, uid }, object: run };
}

/** The CommitStatus of a run: one, or none when no Git event led to it. */
function keysOfRun(run: PipelineRun): readonly ObjectKey[] {
  const [target, repository] = [statusTargetOf(run), repositoryOf(run)];
  if (target === undefined || repository === undefined) return [];
  return [statusKeyOf({ namespace: run.metadata.namespace ?? '', repository, target })];
}

function keysOfDelivery({ status }: Delivery): readonly ObjectKey[] {
  return (status?.notices ?? []).map(keyOfNotice);
}

function keyOfNotice({ namespace, repository, target, comment }: StatusNotice): ObjectKey {
  return statusKeyOf({ namespace, repository, target, ...(comment === undefined ? {} : { marker: comment.marker }) });
}

function noticesAt(delivery: Delivery, text: string): readonly Source[] {
  const found = (delivery.status?.notices ?? []).filter((notice) => keyText(keyOfNotice(notice)) === text);
  return found.map((notice) => ({ kind: 'notice', attempt: notice.attempt, object: delivery, notice }));
}
