import { mkdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import {
  ContainerStartError,
  type ContainerExit,
  type ContainerPlan,
  type OutputSink,
  type RunningContainer,
} from '../runtime/container-runtime.ts';
import { resolveInside } from '../volumes/resolve-inside.ts';
import { bubblewrapArguments, readReport } from './bubblewrap.ts';
import type { SandboxIsolation } from './isolation.ts';
import type { ProcessContext } from './process-context.ts';
import { childrenOf, sendSignal } from './process-table.ts';
import { programProblem } from './program-path.ts';
import { coveredBy, programDirectory, sandboxLayout, type LayoutStep } from './sandbox-layout.ts';
import { exitOf, startProcess, type StartedProcess } from './sandboxed-process.ts';
import { unshareCommand } from './unshare.ts';

/** The kernel ends every process of the sandbox with its first one; output is complete at once after that. */
const outputPatienceMs = 5_000;

/** How often, and how many times, we look whether the command has been started, to signal it. */
const commandPollMs = 5;
const commandPollsMax = 400;

/** Runs a container in namespaces of its own. */
export async function runSandboxed(
  isolation: SandboxIsolation,
  plan: ContainerPlan,
  context: ProcessContext,
): Promise<{ readonly container: RunningContainer; readonly pid: number }> {
  const sandbox = new Sandbox(isolation, plan, context);
  sandbox.check();
  const command = [...plan.command, ...plan.args];
  const started = await sandbox.run(command, plan.output);
  const execute = async (probe: readonly string[], signal: AbortSignal): Promise<number> => {
    const probing = await sandbox.run(probe, { write: () => undefined });
    const kill = (): void => void sendSignal(probing.pid, 'SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    const exit = await sandboxExit(probing, () => true);
    signal.removeEventListener('abort', kill);
    return exit.exitCode;
  };
  return { container: new SandboxedContainer(started, context, execute), pid: started.pid };
}

/** One container's sandbox: the command, and each of its probes, gets a new one that looks the same. */
class Sandbox {
  readonly #isolation: SandboxIsolation;
  readonly #plan: ContainerPlan;
  readonly #context: ProcessContext;
  readonly #layout: readonly LayoutStep[];
  readonly #workingDirectory: string;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(isolation: SandboxIsolation, plan: ContainerPlan, context: ProcessContext) {
    this.#isolation = isolation;
    this.#plan = plan;
    this.#context = context;
    this.#workingDirectory = posix.resolve('/', plan.workingDirectory ?? '/');
    this.#layout = sandboxLayout({
      host: context.host,
      mounts: plan.mounts,
      temporary: join(plan.directory, 'tmp'),
      home: context.home,
      workingDirectory: this.#workingDirectory,
    });
    const { PATH = '' } = plan.environment;
    this.#environment =
      PATH === context.searchPath ? { ...plan.environment, PATH: `${programDirectory}:${PATH}` } : plan.environment;
  }

  /** Throws {@link ContainerStartError} when the program is not there; makes the working directory. */
  check(): void {
    const { PATH: searchPath = '' } = this.#environment;
    const { hidden } = this.#context;
    const options = { searchPath, workingDirectory: this.#workingDirectory, hidden };
    this.#makeWorkingDirectory();
    const problem = programProblem(this.#plan.command[0] ?? '', this.#layout, options);
    if (problem === undefined) return;
    const message = `${this.#plan.container}: ${problem.message}`;
    throw new ContainerStartError(message, { exitCode: problem.exitCode });
  }

  async run(command: readonly string[], output: OutputSink): Promise<StartedProcess> {
    const { pipes, clock } = this.#context;
    const [file = '', ...rest] = this.#commandLine();
    const plan = {
      file,
      arguments: [...rest, ...command],
      environment: this.#environment,
      workingDirectory: '/',
      pipe: await pipes.open(),
      output,
      reports: true,
    };
    return startProcess(plan, clock);
  }

  #commandLine(): readonly string[] {
    const { asRoot } = this.#context;
    const options = { asRoot, workingDirectory: this.#workingDirectory };
    if (this.#isolation.kind === 'bubblewrap') {
      return [this.#isolation.program, ...bubblewrapArguments(this.#layout, options)];
    }
    const root = join(this.#plan.directory, 'root');
    mkdirSync(root, { recursive: true });
    return unshareCommand(this.#isolation.programs, this.#layout, { ...options, root });
  }

  /** A working directory in a volume is made there, so that a link in the volume cannot lead out of it. */
  #makeWorkingDirectory(): void {
    const { mounts } = this.#plan;
    if (!coveredBy(this.#workingDirectory, mounts)) return;
    const mount = mounts.findLast(({ target }) =>
      coveredBy(this.#workingDirectory, [{ target, source: '', readOnly: true }]),
    );
    if (mount === undefined || !statSync(mount.source).isDirectory()) return;
    const relative = this.#workingDirectory.slice(mount.target.length + 1);
    if (relative !== '') resolveInside(mount.source, relative);
  }
}

class SandboxedContainer implements RunningContainer {
  readonly id: string;
  readonly exited: Promise<ContainerExit>;
  readonly execute: RunningContainer['execute'];
  readonly #started: StartedProcess;
  readonly #context: ProcessContext;
  #killed = false;
  #over = false;

  constructor(started: StartedProcess, context: ProcessContext, execute: RunningContainer['execute']) {
    this.id = context.id;
    this.execute = execute;
    this.#started = started;
    this.#context = context;
    this.exited = sandboxExit(started, () => this.#killed).finally(() => {
      this.#over = true;
    });
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#over) return;
    if (signal === 'SIGTERM') return this.#terminate(commandPollsMax);
    this.#killed = true;
    // Its death is the death of the sandbox's first process, and that of every process in it.
    sendSignal(this.#started.pid, 'SIGKILL');
    const initPid = this.#initPid();
    if (initPid !== undefined) sendSignal(initPid, 'SIGKILL');
  }

  /** The first process of the sandbox, once it is made. */
  #initPid(): number | undefined {
    const { initPid, ready } = readReport(this.#started.report());
    return ready ? childrenOf(this.#started.pid)?.[0] : initPid;
  }

  /**
   * Signals the group of the sandbox's first process, which ignores it, and so the command. Before the command has been
   * started the signal would be lost: we look again soon.
   */
  #terminate(polls: number): void {
    if (this.#over) return;
    const initPid = this.#initPid();
    const children = initPid === undefined ? [] : childrenOf(initPid);
    if (initPid !== undefined && (children === undefined || children.length > 0)) {
      sendSignal(-initPid, 'SIGTERM');
    } else if (polls > 0) {
      this.#context.clock.schedule(commandPollMs, () => this.#terminate(polls - 1));
    }
  }
}

async function sandboxExit(started: StartedProcess, killed: () => boolean): Promise<ContainerExit> {
  const { code, signal } = await started.ended;
  await started.outputComplete(outputPatienceMs);
  const { exitCode } = readReport(started.report());
  if (exitCode !== undefined) return { exitCode };
  if (killed() || signal !== null) return exitOf(null, signal ?? 'SIGKILL');
  // The command never ran: what was said is ours to explain, not the step's failure.
  const said = started.firstOutput().trim();
  return {
    ...exitOf(128, null),
    reason: 'StartError',
    message: `the sandbox could not be made (exit ${code}): ${said}`,
  };
}
