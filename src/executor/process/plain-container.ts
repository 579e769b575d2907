import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  existsSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ContainerExit, ContainerPlan, Mount, RunningContainer } from '../runtime/container-runtime.ts';
import { ContainerStartError } from '../runtime/container-runtime.ts';
import { killMarked, markOf } from './pid-file.ts';
import { pathTranslation, translateScript, type PathTranslation } from './plain-plan.ts';
import type { ProcessContext } from './process-context.ts';
import { sendSignal } from './process-table.ts';
import { programProblem } from './program-path.ts';
import { exitOf, startProcess, type StartedProcess } from './sandboxed-process.ts';

/** A process that has left its group and its mark behind could hold the output open for ever. */
const outputPatienceMs = 2_000;

/** A script larger than this is left as it is. */
const scriptBytesMax: number = 4 * 1024 * 1024;

/** Runs a container as plain host processes: paths in the spec are replaced, nothing is isolated. */
export async function runPlain(
  plan: ContainerPlan,
  context: ProcessContext,
): Promise<{ readonly container: RunningContainer; readonly pid: number }> {
  const shell = plainShell(plan, context);
  const mounts = plan.mounts.map((mount, index) =>
    mount.generated ? translatedCopy(plan, mount, index, shell) : mount,
  );
  const translate = pathTranslation(mounts);
  const environment: Readonly<Record<string, string>> = {
    ...mapValues(plan.environment, translate),
    TMPDIR: join(plan.directory, 'tmp'),
    ...markOf(plan.directory),
  };
  const workingDirectory =
    plan.workingDirectory === undefined ? join(plan.directory, 'tmp') : translate(plan.workingDirectory);
  if (!existsSync(workingDirectory)) mkdirSync(workingDirectory, { recursive: true });
  const [program = '', ...rest] = [...plan.command, ...plan.args].map(translate);
  const command = [shell !== undefined && ['sh', '/bin/sh'].includes(program) ? shell : program, ...rest];
  const start = async (words: readonly string[], output: ContainerPlan['output']): Promise<StartedProcess> => {
    const [file = '', ...others] = words;
    const pipe = await context.pipes.open();
    return startProcess(
      { file, arguments: others, environment, workingDirectory, pipe, output, reports: false },
      context.clock,
    );
  };
  checkProgram(plan.container, command[0] ?? '', environment['PATH'] ?? '', workingDirectory);
  const started = await start(command, plan.output);
  const execute = async (words: readonly string[], signal: AbortSignal): Promise<number> => {
    const probing = await start(words.map(translate), { write: () => undefined });
    const kill = (): void => void sendSignal(-probing.pid, 'SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    const { code, signal: by } = await probing.ended;
    signal.removeEventListener('abort', kill);
    await probing.outputComplete(outputPatienceMs);
    return exitOf(code, by).exitCode;
  };
  return { container: new PlainContainer(started, plan.directory, context.id, execute), pid: started.pid };
}

class PlainContainer implements RunningContainer {
  readonly id: string;
  readonly exited: Promise<ContainerExit>;
  readonly execute: RunningContainer['execute'];
  readonly #pid: number;
  readonly #directory: string;
  #over = false;

  constructor(started: StartedProcess, directory: string, id: string, execute: RunningContainer['execute']) {
    this.id = id;
    this.execute = execute;
    this.#pid = started.pid;
    this.#directory = directory;
    this.exited = this.#awaitEnd(started);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#over) return;
    sendSignal(-this.#pid, signal);
    if (signal === 'SIGKILL') killMarked(this.#directory);
  }

  /** With the main process the container has ended: what it left in the background ends, too. */
  async #awaitEnd(started: StartedProcess): Promise<ContainerExit> {
    const { code, signal } = await started.ended;
    this.#over = true;
    sendSignal(-this.#pid, 'SIGKILL');
    killMarked(this.#directory);
    await started.outputComplete(outputPatienceMs);
    return exitOf(code, signal);
  }
}

function checkProgram(container: string, program: string, searchPath: string, workingDirectory: string): void {
  const layout = [{ kind: 'bind', source: '', target: '', readOnly: false }] as const;
  const problem = programProblem(program, layout, { searchPath, workingDirectory });
  if (problem === undefined) return;
  throw new ContainerStartError(`${container}: ${problem.message}`, { exitCode: problem.exitCode });
}

/** The host's busybox under the name `sh`, where /bin/sh is a shell that does less. */
function plainShell(plan: ContainerPlan, { host }: ProcessContext): string | undefined {
  if (host.shell === undefined) return undefined;
  const path = join(plan.directory, 'sh');
  if (!existsSync(path)) symlinkSync(host.shell.program, path);
  return path;
}

/** A copy of a volume made from the pod's own text, with the paths in its files replaced. */
function translatedCopy(plan: ContainerPlan, mount: Mount, index: number, shell: string | undefined): Mount {
  if (!statSync(mount.source).isDirectory()) return mount;
  const copy = join(plan.directory, 'generated', String(index));
  cpSync(mount.source, copy, { recursive: true });
  translateFiles(copy, pathTranslation(plan.mounts), shell);
  return { ...mount, source: copy };
}

function translateFiles(directory: string, translate: PathTranslation, shell: string | undefined): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || statSync(path).size > scriptBytesMax) continue;
    const { mode } = statSync(path);
    const text = readFileSync(path, 'utf8');
    const translated = translateScript(text, translate, shell);
    if (translated === text) continue;
    chmodSync(path, 0o600);
    writeFileSync(path, translated);
    chmodSync(path, mode);
  }
}

function mapValues(
  values: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
