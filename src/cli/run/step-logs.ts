import { errorText } from '../../base/errors.ts';
import type { ApiClient, LogOptions } from '../../client/api-client.ts';
import { type ObjectKey, keyOf } from '../../kube/object.ts';
import type { ContainerStatus, Pod } from '../../kube/pod.ts';
import { LineSplitter } from './line-splitter.ts';

/** One line that a step wrote. */
export interface LogLine {
  readonly run: string;
  readonly task: string;
  readonly step: string;
  readonly text: string;
}

/** A pod with the names a person knows it by. */
export interface TaskPod {
  readonly pod: Pod;
  readonly run: string;
  readonly task: string;
}

/** Reads the logs of steps as they are written, each step once. */
export class StepLogs {
  readonly #client: ApiClient;
  readonly #sink: (line: LogLine) => void;
  readonly #signal: AbortSignal;
  readonly #readers = new Map<string, Promise<void>>();
  readonly #open = new Map<string, number>();
  readonly #ended: () => void;

  /** `ended` is called whenever a step has been read to its end. */
  constructor(client: ApiClient, sink: (line: LogLine) => void, ended: () => void, signal: AbortSignal) {
    this.#ended = ended;
    this.#client = client;
    this.#sink = sink;
    this.#signal = signal;
  }

  /** Starts to read every step of `pods` that has started and is not read yet. */
  attend(pods: readonly TaskPod[]): void {
    for (const taskPod of pods) {
      for (const status of startedSteps(taskPod.pod)) {
        const key = `${taskPod.pod.metadata.uid}/${status.name}`;
        if (!this.#readers.has(key)) this.#readers.set(key, this.#read(taskPod, status.name));
      }
    }
  }

  /** Whether a step of this task is still being read. */
  isReading(run: string, task: string): boolean {
    return (this.#open.get(`${run}/${task}`) ?? 0) > 0;
  }

  /** Resolves once everything that was started has been read to its end. */
  async drain(): Promise<void> {
    await Promise.all(this.#readers.values());
  }

  async #read({ pod, run, task }: TaskPod, container: string): Promise<void> {
    const step = stepNameOf(container);
    const options = { container, follow: true, signal: this.#signal };
    this.#count(run, task, 1);
    for await (const text of linesOf(this.#client, keyOf(pod), options)) this.#sink({ run, task, step, text });
    this.#count(run, task, -1);
    this.#ended();
  }

  #count(run: string, task: string, change: number): void {
    const key = `${run}/${task}`;
    this.#open.set(key, (this.#open.get(key) ?? 0) + change);
  }
}

/** The lines of a container's log. A log that cannot be read is one line that says why. */
export async function* linesOf(client: ApiClient, key: ObjectKey, options: LogOptions): AsyncGenerator<string> {
  const splitter = new LineSplitter();
  try {
    for await (const chunk of client.podLog(key, options)) yield* splitter.push(chunk);
    yield* splitter.end();
  } catch (thrown) {
    if (options.signal?.aborted) return;
    yield* splitter.end();
    yield `(the log cannot be read: ${errorText(thrown)})`;
  }
}

/** `step-build` → `build`. */
function stepNameOf(container: string): string {
  return container.replace(/^step-/, '');
}

function startedSteps(pod: Pod): readonly ContainerStatus[] {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.filter(({ name, state }) => name.startsWith('step-') && (state?.running ?? state?.terminated));
}
