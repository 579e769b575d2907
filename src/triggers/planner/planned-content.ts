/** From a stored plan back to what it was made from: the same commit, the same definition. */
import type { Delivery, PlannedRun } from '../../forge/kinds/delivery.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { parseCommands } from '../commands/parse-commands.ts';
import type { Definition } from '../types.ts';
import type { LoadedEvent } from './plan-event.ts';
import { definitionsFolder, withNames } from './definitions.ts';
import { factsOf, loadDefinitions, type OpenEvent, openEvent, openFor } from './open-event.ts';
import type { PlannerParts } from './planner-parts.ts';
import type { RerunScope } from './rerun.ts';
import { isSubject, subjectOf } from './subject.ts';

/** What a planned run is made from. */
export interface PlannedContent extends LoadedEvent {
  readonly repository: Repository;
  readonly definition: Definition;
}

/** Contents of one Delivery: a commit is read once for all its runs. */
export class PlannedContents {
  readonly #parts: PlannerParts;
  readonly #delivery: Delivery;
  readonly #known = new Map<string, Promise<LoadedEvent>>();

  constructor(parts: PlannerParts, delivery: Delivery) {
    this.#parts = parts;
    this.#delivery = delivery;
  }

  /** What was just read need not be read again. */
  seed(plan: PlannedRun, loaded: LoadedEvent): void {
    if (loaded.open.key === `${plan.namespace}/${plan.repository}`)
      this.#known.set(keyOfPlan(plan), Promise.resolve(loaded));
  }

  /** Throws `ForgeError` and `UserError`, and {@link GoneError} when the plan has lost its ground. */
  async of(plan: PlannedRun): Promise<PlannedContent> {
    const key = keyOfPlan(plan);
    const loading = this.#known.get(key) ?? this.#load(plan);
    this.#known.set(key, loading);
    const loaded = await loading;
    const definition = loaded.folder.folder.definitions.find(({ name }) => name === plan.definition);
    if (definition !== undefined) return { ...loaded, repository: loaded.open.repository, definition };
    throw new GoneError(`"${plan.definition}" is not in ${definitionsFolder} any more`);
  }

  async #load(plan: PlannedRun): Promise<LoadedEvent> {
    const open = await this.#open(plan);
    const { event, index, forge, delivery } = open;
    const pin = delivery.status?.pins?.find((each) => each.event === index) ?? {
      event: index,
      repository: open.key,
      sha: plan.sha,
    };
    const { commands } = parseCommands(event.comment?.body ?? '');
    const runs = commands.filter(({ kind }) => kind !== 'cancel');
    const [command] = runs;
    const subject = await subjectOf({
      event,
      index,
      forge,
      pin: { ...pin, sha: plan.sha },
      ...(command === undefined ? {} : { command }),
      ...(event.trigger === 'rerun' ? { rerunOf: placeOf(plan.scope) } : {}),
    });
    if (!isSubject(subject)) throw new GoneError(subject.message);
    const definitionsSha = pin.definitionsSha ?? subject.sha;
    const written = await loadDefinitions(this.#parts, open, subject, definitionsSha);
    const folder = await withNames(written, factsOf(this.#parts, open, subject, runs));
    return { open, subject, folder, commands: runs };
  }

  async #open(plan: PlannedRun): Promise<OpenEvent> {
    const open = await openEvent(this.#parts, this.#delivery, plan.event);
    if (open === undefined) throw new GoneError('its Repository is gone');
    const { namespace, repository: name } = plan;
    if (open.key === `${namespace}/${name}`) return open;
    const repository = this.#parts.repositories.get({ namespace, name });
    if (repository === undefined) throw new GoneError(`the Repository ${namespace}/${name} is gone`);
    return openFor(this.#parts, { ...open, repository });
  }
}

/** What a plan rests on is not there any more. */
export class GoneError extends Error {
  override readonly name = 'GoneError';
  readonly code = 'PLAN_LOST_GROUND';
}

function keyOfPlan(plan: PlannedRun): string {
  return `${plan.event} ${plan.namespace}/${plan.repository} ${plan.scope}`;
}

function placeOf(scope: string): RerunScope {
  const number = /^pr-(\d+)$/.exec(scope)?.[1];
  return number === undefined ? { ref: scope } : { pullRequest: Number(number) };
}
