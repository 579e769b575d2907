import { fromRfc3339 } from '../../base/clock.ts';
import type { Lister, Reconciler, ReconcileResult } from '../../controller/contract.ts';
import { accessOf } from '../../forge/access/access-of.ts';
import { withDefaults } from '../../forge/access/with-defaults.ts';
import { globalRepositoryOf } from '../../forge/access/global-repository.ts';
import { isJsonObject } from '../../base/json.ts';
import type { Project } from '../../forge/git-event.ts';
import { penstockKeys, runKeys } from '../../forge/kinds/run-keys.ts';
import { isApiError } from '../../kube/api-error.ts';
import { type Secret, secrets } from '../../kube/core-types.ts';
import { keyOf, type ObjectKey } from '../../kube/object.ts';
import type { PipelineRun } from '../../tekton/types.ts';
import { clonedFrom, gitAuthData } from './git-auth-secret.ts';
import type { PlannerParts } from './planner-parts.ts';
import { runStateOf } from './run-state.ts';
import { tokenScopeOf } from './token-scope.ts';

/** A credential is replaced when it is valid for less than this, in milliseconds. */
const renewBeforeMs: number = 15 * 60 * 1000;
/** Shortest time between two renewals of one Secret, in milliseconds. */
const renewSpacingMs = 60_000;

/** Whether a run has a Secret of ours and is not over. */
export function needsGitAuth(run: PipelineRun): boolean {
  const { annotations } = run.metadata;
  return (
    annotations?.[runKeys.gitAuthSecret] !== undefined &&
    annotations[penstockKeys.statusTarget] !== undefined &&
    runStateOf(run) === 'unfinished'
  );
}

/** Keeps the credentials of unfinished runs fresh: a run may wait for hours, and a token lives for one. */
export class GitAuthReconciler implements Reconciler {
  readonly #parts: PlannerParts;
  readonly #runs: Lister<PipelineRun>;

  constructor(parts: PlannerParts, runs: Lister<PipelineRun>) {
    this.#parts = parts;
    this.#runs = runs;
  }

  async reconcile(key: ObjectKey): Promise<ReconcileResult> {
    const run = this.#runs.get(key);
    if (run === undefined || !needsGitAuth(run)) return {};
    const name = run.metadata.annotations?.[runKeys.gitAuthSecret] ?? '';
    const secret = await this.#read({ namespace: key.namespace, name });
    const expiresMs = fromRfc3339(secret?.metadata.annotations?.[penstockKeys.expiresAt]);
    if (secret === undefined || expiresMs === undefined || !isFor(secret, run)) return {};
    const leftMs = expiresMs - renewBeforeMs - this.#parts.clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    await this.#renew(run, secret);
    return { requeueAfterMs: renewSpacingMs };
  }

  async #read(key: ObjectKey): Promise<Secret | undefined> {
    try {
      return await this.#parts.client.get(secrets, key);
    } catch (thrown) {
      if (isApiError(thrown, 'NotFound')) return undefined;
      throw thrown;
    }
  }

  async #renew(run: PipelineRun, secret: Secret): Promise<void> {
    const { client, forges, repositories, readSecret, systemNamespace, settings, logger } = this.#parts;
    const { annotations } = run.metadata;
    const name = annotations?.[runKeys.repository] ?? '';
    const repository = repositories.get({ namespace: run.metadata.namespace ?? '', name });
    const project = projectOf(run);
    if (repository === undefined || project === undefined) return;
    const globalRepository = globalRepositoryOf(this.#parts);
    const installation = Number(annotations?.[runKeys.installationId]);
    const access = await accessOf({
      ...{ repository, systemNamespace, readSecret },
      ...(globalRepository === undefined ? {} : { globalRepository }),
      ...(Number.isSafeInteger(installation) && installation > 0 ? { installationId: installation } : {}),
    });
    const complete = withDefaults(repository, globalRepository);
    const { namespace } = keyOf(repository);
    const all = repositories.list();
    // What was refused when the run was made is still refused; what has lost its Repository since is left out.
    const { further } = tokenScopeOf({ project, complete, namespace, settings: settings(), repositories: all });
    const forge = forges.open(access);
    const credential = await forge.gitCredential(project, further);
    if (credential === undefined) return;
    const { uid = '' } = secret.metadata;
    const expiresAt = credential.expiresAt ?? null;
    const patch = {
      metadata: { uid, annotations: { [penstockKeys.expiresAt]: expiresAt } },
      data: gitAuthData(clonedFrom(forge, project), credential),
    };
    await client.patch(secrets, keyOf(secret), patch, { type: 'merge' });
    logger.debug('the credential of a run was renewed', { run: run.metadata.name });
  }
}

function isFor(secret: Secret, run: PipelineRun): boolean {
  return secret.metadata.labels?.[penstockKeys.run] === run.metadata.name;
}

function projectOf(run: PipelineRun): Project | undefined {
  try {
    const target: unknown = JSON.parse(run.metadata.annotations?.[penstockKeys.statusTarget] ?? 'null');
    const project = isJsonObject(target) ? target['project'] : undefined;
    return isJsonObject(project) && typeof project['url'] === 'string' ? (project as unknown as Project) : undefined;
  } catch {
    // Changed by hand: nobody can say what the credential is to be for, and the run keeps the one it has.
    return undefined;
  }
}
