import type { CorpusEntry } from './corpus.ts';

/** What came of running one example. */
export interface Trial {
  readonly exitCode: number | null;
  /** The lines of `--output json`, parsed. */
  readonly lines: readonly TrialLine[];
  readonly stderr: string;
}

export interface TrialLine {
  readonly type: string;
  readonly message?: string;
  readonly reason?: string;
  readonly phase?: string;
  readonly runs?: readonly {
    readonly name: string;
    readonly phase: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly [member: string]: unknown;
}

/** `passed`: ended as Tekton ends it. `waits`: refused for a feature that is named. `failed`: anything else. */
export type Judgement =
  | { readonly verdict: 'passed' }
  | { readonly verdict: 'waits'; readonly feature: string }
  | { readonly verdict: 'failed'; readonly why: string };

/** Examples that do not succeed here, for a reason that lies in them: how they have to end, and why. */
interface Exception {
  readonly reason: string;
  readonly why: string;
}

const exceptions: ReadonlyMap<string, Exception> = new Map([
  [
    'pipelineruns/no-ci/compressed-results-pipeline.yaml',
    {
      reason: 'PipelineValidationFailed',
      why: 'its script builds names of variables in a loop, which no variable syntax can follow',
    },
  ],
  [
    'taskruns/no-ci/default-workspaces.yaml',
    { reason: 'TASK_RUN_VALIDATION_FAILED', why: 'it needs a default workspace binding in the configuration' },
  ],
]);

function judgeException({ reason, why }: Exception, { lines }: Trial): Judgement {
  const ends = lines.find((line) => line.type === 'summary')?.runs ?? [];
  const refused = lines.some((line) => line.type === 'error' && line['code'] === reason);
  if (refused || ends.some((run) => run.reason === reason)) return { verdict: 'waits', feature: why };
  return { verdict: 'failed', why: `should end with ${reason}, as ${why}` };
}

/** Judges a trial against what the index expects. A refusal counts as waiting only if it names the feature. */
export function judge(entry: CorpusEntry, trial: Trial): Judgement {
  const exception = exceptions.get(entry.path);
  if (exception) return judgeException(exception, trial);
  const unsupported = namedFeatures(trial);
  if (trial.exitCode !== 0 && unsupported.length > 0) return { verdict: 'waits', feature: unsupported.join(', ') };
  const summary = trial.lines.find((line) => line.type === 'summary');
  if (!summary?.runs) return { verdict: 'failed', why: firstComplaint(trial) };
  const wrong = summary.runs.find((run) => run.phase !== 'succeeded');
  if (wrong) return { verdict: 'failed', why: `${wrong.name}: ${wrong.phase} (${wrong.reason}) ${wrong.message}` };
  if (trial.exitCode !== 0) return { verdict: 'failed', why: `exit code ${trial.exitCode}` };
  return judgeReasons(
    entry,
    summary.runs.map((run) => run.reason),
  );
}

/** `Completed` is the reason of a run with skipped tasks: whether there are such is part of what is expected. */
function judgeReasons({ expected }: CorpusEntry, reasons: readonly string[]): Judgement {
  const wanted = expected.startsWith('Succeeded/Completed') ? 'Completed' : 'Succeeded';
  if (reasons.includes(wanted)) return { verdict: 'passed' };
  return { verdict: 'failed', why: `the reason is ${reasons.join(', ') || 'missing'}, and should be ${wanted}` };
}

function namedFeatures({ lines, stderr }: Trial): readonly string[] {
  const texts = [
    stderr,
    ...lines.flatMap((line) => [line.message ?? '', ...(line.runs ?? []).map((run) => run.message)]),
  ];
  const found = texts.flatMap((text) => [...text.matchAll(waitingMessage)].map((match) => featureOf(match)));
  return [...new Set(found)].sort();
}

/** The ways in which Penstock says that it cannot do something yet: see `unsupported-features.ts` and the process runtime. */
const waitingMessage =
  /(?<feature>[\w' -]+?)(?: \([^)]*\))? (?:is|are) not supported yet|(?<kind>\w+) of [\w./]+ is not supported|(?<entrypoint>the process runtime needs (?:a )?command or (?:a )?script|this one relies on its image's own)/gi;

function featureOf({ groups }: RegExpMatchArray): string {
  if (groups?.['entrypoint']) return 'image entrypoints (container runtime)';
  return (groups?.['feature'] ?? groups?.['kind'] ?? '').trim();
}

function firstComplaint({ exitCode, lines, stderr }: Trial): string {
  const line = lines.find((candidate) => candidate.type === 'error');
  return line?.message ?? stderr.trim().split('\n')[0] ?? `exit code ${exitCode}`;
}
