import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../../base/clock.ts';
import { ContainerStartError, type ContainerExit, type OutputSink } from '../runtime/container-runtime.ts';
import { closeWriting, type OutputPipe } from './output-pipes.ts';

/** A process to be started with its output in one pipe. */
export interface ProcessPlan {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly pipe: OutputPipe;
  readonly output: OutputSink;
  /** Whether the file writes reports to descriptor 3. */
  readonly reports: boolean;
}

/** A started process. */
export interface StartedProcess {
  readonly pid: number;
  /** What was reported on descriptor 3 so far. */
  report(): string;
  /** The first output, for the message of a start that failed. */
  firstOutput(): string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Resolves when nobody holds the pipe any more, or `patienceMs` after it is asked. */
  outputComplete(patienceMs: number): Promise<void>;
}

/** How much of the first output is kept for messages. */
const firstOutputBytesMax = 2048;

/** Starts a process as the leader of a new session. Throws {@link ContainerStartError} when it cannot be started. */
export async function startProcess(plan: ProcessPlan, clock: Clock): Promise<StartedProcess> {
  const { pipe } = plan;
  const { promise: outputEnded, resolve: endOutput } = Promise.withResolvers<void>();
  let first = '';
  let report = '';
  let child: ChildProcess;
  try {
    child = spawn(plan.file, plan.arguments, {
      cwd: plan.workingDirectory,
      env: plan.environment,
      detached: true,
      stdio: ['ignore', pipe.writeDescriptor, pipe.writeDescriptor, ...(plan.reports ? (['pipe'] as const) : [])],
    });
  } catch (error) {
    pipe.readable.destroy();
    throw startError(plan.file, error);
  } finally {
    closeWriting(pipe);
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const reports = child.stdio[3] as NodeJS.ReadableStream | undefined;
  reports?.on('data', (chunk: Buffer) => (report += chunk.toString('latin1')));
  pipe.readable.on('data', (chunk: Buffer) => {
    if (first.length < firstOutputBytesMax) first += chunk.toString('utf8', 0, firstOutputBytesMax);
    plan.output.write('stdout', chunk);
  });
  pipe.readable.once('close', endOutput);
  // A pipe that breaks ends the output; how the process ended is told by `ended`.
  pipe.readable.once('error', () => endOutput());
  await startedOrThrow(child, plan.file, pipe);
  return {
    pid: child.pid ?? 0,
    report: () => report,
    firstOutput: () => first,
    ended,
    async outputComplete(patienceMs) {
      const cancel = clock.schedule(patienceMs, () => pipe.readable.destroy());
      await outputEnded;
      cancel();
    },
  };
}

function startedOrThrow(child: ChildProcess, file: string, pipe: OutputPipe): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      pipe.readable.destroy();
      reject(startError(file, error));
    });
  });
}

function startError(file: string, cause: unknown): ContainerStartError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const hint = code === 'E2BIG' ? ': its command and variables are larger than the system allows' : '';
  return new ContainerStartError(`cannot start "${file}": ${code}${hint}`, { cause });
}

/** The number of a signal where it matters for exit codes. */
const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** The exit code of a process as a shell and a container runtime give it: 128 + signal. */
export function exitOf(code: number | null, signal: NodeJS.Signals | null): ContainerExit {
  if (code !== null) return { exitCode: code };
  return { exitCode: 128 + ((signal && signalNumbers[signal]) ?? 0) };
}
