/** What a status quotes of a run that did not end well: read beside the workers, and never waited for without end. */
import { type CancelTimer, type Clock } from '../base/clock.ts';
import { errorText } from '../base/errors.ts';
import type { Annotation } from '../forge/forge.ts';
import type { CompleteRepository } from '../forge/access/with-defaults.ts';
import type { Settings } from '../forge/kinds/settings.ts';
import { maskerOf } from '../telemetry/secret-mask.ts';
import type { PipelineRun, TaskRun } from '../tekton/types.ts';
import { type SecretValues, secretsOfRun } from './run-secrets.ts';
import { annotationsMax, findingsIn, lastLines } from './text/log-findings.ts';
import type { Snippet } from './text/run-text.ts';
import { type FailedStep, failedSteps } from './text/task-lines.ts';

/** Longest time that a status waits for what it quotes, in milliseconds. */
export const excerptMsMax = 10_000;
/** Most lines that are read of a log, whatever the settings say. */
export const logLinesMax = 1_000;
/** Most bytes of a log that are read. */
export const logBytesMax: number = 512 * 1024;
/** Most failed steps in whose logs findings are looked for. */
const searchedStepsMax = 5;
/** Most runs whose excerpts are kept for a reconcile that has not come yet. */
const keptMax = 1_000;

/** Where the log of a step is. */
export interface StepLogPlace {
  readonly namespace: string;
  readonly taskRun: string;
  readonly podName: string;
  /** Name of the step, and of its container. */
  readonly step: string;
  readonly container: string;
  readonly tailLines: number;
  readonly bytesMax: number;
}

/** Reads the end of the log of a step that has ended, by the API or from where logs are kept. */
export type ReadLog = (place: StepLogPlace, signal: AbortSignal) => Promise<string>;

/** What a report quotes, and what takes the secrets out of it. */
export interface Excerpt {
  readonly snippet?: Snippet;
  readonly annotations: readonly Annotation[];
  readonly mask: (text: string) => string;
}

export interface ExcerptsOptions {
  readonly clock: Clock;
  readonly readLog: ReadLog;
  readonly secretValues: SecretValues;
}

/** Which run an excerpt is of. */
interface Subject {
  readonly run: PipelineRun;
  readonly taskRuns: readonly TaskRun[];
  readonly repository: CompleteRepository | undefined;
  readonly settings: Settings;
}

/** Reads excerpts, each once; whoever asks before one is there is told when it is. */
export class Excerpts {
  readonly #options: ExcerptsOptions;
  readonly #known = new Map<string, Excerpt | 'reading'>();

  constructor(options: ExcerptsOptions) {
    this.#options = options;
  }

  /** What is known of a run's logs and secrets; undefined = it is being read, and `whenRead` is called once it has been. */
  of(subject: Subject, whenRead: () => void): Excerpt | undefined {
    const uid = subject.run.metadata.uid ?? '';
    const known = this.#known.get(uid);
    if (known === 'reading') return undefined;
    if (known !== undefined) return known;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= keptMax && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(uid, 'reading');
    void this.#read(subject).then((excerpt) => {
      this.#known.set(uid, excerpt);
      whenRead();
    });
    return undefined;
  }

  /** Drops what is known of a run: it has been reported. */
  forget(uid: string): void {
    if (this.#known.get(uid) !== 'reading') this.#known.delete(uid);
  }

  async #read(subject: Subject): Promise<Excerpt> {
    const giveUp = new AbortController();
    let cancel: CancelTimer = () => undefined;
    const tooLate = new Promise<undefined>((resolve) => {
      cancel = this.#options.clock.schedule(excerptMsMax, () => resolve(undefined));
    });
    // Lateness of the secrets and of the log are told apart: what is masked must not depend on a slow log.
    const secrets = await Promise.race([this.#secretsOf(subject), tooLate]);
    const mask = maskerOf(typeof secrets === 'object' ? secrets : []);
    const read =
      typeof secrets === 'object' ? await Promise.race([this.#logs(subject, mask, giveUp.signal), tooLate]) : undefined;
    cancel();
    giveUp.abort();
    const seconds = excerptMsMax / 1000;
    if (secrets === undefined) return unavailable(`its secrets could not be read within ${seconds} s`, mask);
    if (typeof secrets === 'string') return unavailable(secrets, mask);
    return read === undefined ? unavailable(`it could not be read within ${seconds} s`, mask) : { ...read, mask };
  }

  /** The values to be masked, or why nobody knows them: then nothing of a log may be shown. */
  async #secretsOf({ run, taskRuns, repository }: Subject): Promise<readonly string[] | string> {
    const places = secretsOfRun(run, taskRuns, repository);
    try {
      const values = await Promise.all(
        places.map(({ namespace, name }) => this.#options.secretValues(namespace, name)),
      );
      return values.flat();
    } catch (thrown) {
      return `the secrets to be masked in it could not be read: ${errorText(thrown)}`;
    }
  }

  /** What is quoted of logs, masked before anything is cut or picked out: what is left of a value is no value. */
  async #logs(
    { run, taskRuns, settings }: Subject,
    mask: Excerpt['mask'],
    signal: AbortSignal,
  ): Promise<Omit<Excerpt, 'mask'>> {
    const failed = failedSteps(run, taskRuns).slice(0, settings.logAnnotations ? searchedStepsMax : 1);
    if (!settings.logSnippet && !settings.logAnnotations) return { annotations: [] };
    const read = await Promise.all(failed.map((step) => this.#logOf(step, settings, signal)));
    const logs = read.map((log) => ('lines' in log ? { lines: mask(log.lines) } : log));
    const first = logs[0];
    const texts = logs.flatMap((log) => ('lines' in log ? [log.lines] : []));
    return {
      ...(first === undefined || !settings.logSnippet ? {} : { snippet: shownOf(first, settings) }),
      annotations: texts.flatMap((text) => findingsIn(text, settings)).slice(0, annotationsMax),
    };
  }

  async #logOf({ taskRun, step }: FailedStep, settings: Settings, signal: AbortSignal): Promise<Snippet> {
    const { namespace = '', name = '' } = taskRun.metadata;
    const { podName } = taskRun.status ?? {};
    if (podName === undefined) return { unavailable: 'there is no pod' };
    const wanted = Math.max(settings.logSnippetLines, settings.logAnnotations ? settings.logAnnotationLines : 0);
    // One more than is wanted: the last line may be an empty one.
    const tailLines = Math.min(wanted + 1, logLinesMax);
    const place = { namespace, taskRun: name, podName, step: step.name, container: step.container, tailLines };
    try {
      return { lines: await this.#options.readLog({ ...place, bytesMax: logBytesMax }, signal) };
    } catch (thrown) {
      return { unavailable: errorText(thrown) };
    }
  }
}

function shownOf(log: Snippet, { logSnippetLines }: Settings): Snippet {
  return 'lines' in log ? { lines: lastLines(log.lines, logSnippetLines) } : log;
}

function unavailable(reason: string, mask: Excerpt['mask']): Excerpt {
  return { snippet: { unavailable: reason }, annotations: [], mask };
}
