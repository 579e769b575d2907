import type { CancelTimer, Clock } from '../../base/clock.ts';
import { deferred } from '../../base/deferred.ts';
import type { ObservedLister } from '../../controller/contract.ts';
import { pods } from '../../kube/core-types.ts';
import { type KubeObject, controllerOf, keyOf } from '../../kube/object.ts';
import type { Pod } from '../../kube/pod.ts';
import { type PipelineRun, type TaskRun, pipelineRuns, taskRuns } from '../../tekton/types.ts';
import type { Home } from '../environment.ts';
import { type RunView, isOver, viewPipelineRun, viewTaskRun } from '../progress/run-view.ts';
import { Stopwatch } from '../progress/stopwatch.ts';

/** How long steps of a run that is over may take to stop before it is shown without their end, in milliseconds. */
const stoppingMsMax = 40_000;

const byController = 'cli-controller';
const controllerUid = (object: KubeObject): readonly string[] => {
  const uid = controllerOf(object)?.uid;
  return uid === undefined ? [] : [uid];
};

/** Follows the runs that a command started, and tells of every change of what is to be seen of them. */
export class RunFollower {
  readonly #runs: ReadonlyMap<string, KubeObject>;
  readonly #pipelineRuns: ObservedLister<PipelineRun>;
  readonly #taskRuns: ObservedLister<TaskRun>;
  readonly #pods: ObservedLister<Pod>;
  readonly #clock: Clock;
  readonly #stopwatch = new Stopwatch();
  readonly #over = deferred<void>();
  readonly #changed: (views: readonly RunView[]) => void;
  #queued = false;
  #giveUp: CancelTimer | undefined;
  #stopped = false;

  /** `runs` are the created objects; `changed` is called with the views of all of them, once for changes that come together. */
  constructor(home: Home, runs: readonly KubeObject[], clock: Clock, changed: (views: readonly RunView[]) => void) {
    this.#runs = new Map(runs.map((run) => [run.metadata.uid ?? '', run]));
    this.#clock = clock;
    this.#changed = changed;
    this.#pipelineRuns = home.observe(pipelineRuns);
    this.#taskRuns = home.observe(taskRuns, { [byController]: controllerUid });
    this.#pods = home.observe(pods, { [byController]: controllerUid });
    const notice = (): void => this.#notice();
    const handler = { added: notice, updated: notice, deleted: notice };
    for (const lister of [this.#pipelineRuns, this.#taskRuns, this.#pods]) lister.addHandler(handler);
    this.#notice();
  }

  /** Resolves once every run is over and its steps have stopped. */
  whenOver(): Promise<void> {
    return this.#over.promise;
  }

  /** Tells of no more changes, and leaves no timer behind that would keep the program from ending. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp?.();
  }

  /** What is to be seen now, in the order in which the runs were given. */
  views(): readonly RunView[] {
    return [...this.#runs.values()].map((run) => this.#stopwatch.time(this.#view(run), this.#clock.now()));
  }

  /** The pods of the runs, with the name of the task each belongs to. */
  podsOfTasks(): readonly { readonly pod: Pod; readonly run: string; readonly task: string }[] {
    return [...this.#runs.values()].flatMap((run) =>
      this.#taskRunsOf(run).flatMap((taskRun) =>
        this.#podsOf(taskRun).map((pod) => ({
          pod,
          run: run.metadata.name ?? '',
          task: taskRun.metadata.labels?.['tekton.dev/pipelineTask'] ?? taskRun.metadata.name ?? '',
        })),
      ),
    );
  }

  /** A run that was cancelled or timed out is over at once; its steps take a little longer to stop. */
  #checkEnd(views: readonly RunView[]): void {
    if (!views.every((view) => isOver(view.phase))) return;
    if (views.every((view) => view.tasks.every((task) => task.phase !== 'running'))) this.#over.resolve();
    else this.#giveUp ??= this.#clock.schedule(stoppingMsMax, () => this.#over.resolve());
  }

  #view(run: KubeObject): RunView {
    const children = this.#taskRunsOf(run);
    const podsOfRun = children.flatMap((taskRun) => this.#podsOf(taskRun));
    if (run.kind !== pipelineRuns.kind)
      return viewTaskRun(this.#taskRuns.get(keyOf(run)) ?? (run as TaskRun), podsOfRun);
    return viewPipelineRun(this.#pipelineRuns.get(keyOf(run)) ?? (run as PipelineRun), children, podsOfRun);
  }

  #taskRunsOf(run: KubeObject): readonly TaskRun[] {
    if (run.kind === pipelineRuns.kind) return this.#taskRuns.byIndex(byController, run.metadata.uid ?? '');
    const own = this.#taskRuns.get(keyOf(run));
    return own ? [own] : [];
  }

  #podsOf(taskRun: TaskRun): readonly Pod[] {
    return this.#pods.byIndex(byController, taskRun.metadata.uid ?? '');
  }

  #notice(): void {
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      if (this.#stopped) return;
      const views = this.views();
      this.#changed(views);
      this.#checkEnd(views);
    });
  }
}
