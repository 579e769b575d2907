import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { randomUuid, type Random } from '../../base/random.ts';
import type { Logger } from '../../telemetry/logger.ts';
import {
  ContainerStartError,
  type ContainerPlan,
  type ContainerRuntime,
  type RunningContainer,
} from '../runtime/container-runtime.ts';
import { inspectHost, searchPathDefault, splitVisible, type HostSystem } from './host-system.ts';
import { probeIsolation, type Isolation } from './isolation.ts';
import { type MemoryKills, memoryKillsOfMachine, noteKills } from './kill-note.ts';
import { OutputPipes } from './output-pipes.ts';
import { endLeftover, writePidFile } from './pid-file.ts';
import { runPlain } from './plain-container.ts';
import type { ProcessContext } from './process-context.ts';
import { runSandboxed } from './sandboxed-container.ts';

/** Settings of the process runtime. */
export interface ProcessRuntimeOptions {
  /** A private directory of this runtime. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where programs are looked for. Folders that steps do not see are left out. Default: the usual system folders. */
  readonly searchPath?: readonly string[];
  /** Further host directories that steps may read: tool chains outside of /usr and /opt. */
  readonly readOnlyPaths?: readonly string[];
  /** Variables every step gets unless its spec sets them. Nothing else of this program's own environment is handed on. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `none` = plain processes even where the kernel allows more. Default: what the machine allows. */
  readonly isolation?: Isolation;
  /** How many processes the kernel has ended for want of memory. Default: what this machine says. */
  readonly memoryKills?: MemoryKills;
}

/** Runs containers as processes of the host: images are ignored, programs are the host's. See the room's README. */
export class ProcessRuntime implements ContainerRuntime {
  readonly name = 'process';
  readonly usesDirectories = true;
  readonly #options: ProcessRuntimeOptions;
  readonly #pipes: OutputPipes;
  readonly #host: HostSystem;
  readonly #user: { readonly uid: number; readonly home: string };
  #isolation: Isolation | undefined;
  #userNoticeGiven = false;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#pipes = new OutputPipes(join(options.directory, 'pipes'));
    this.#host = inspectHost(options.readOnlyPaths);
    this.#user = currentUser();
  }

  /** How processes are kept apart; known after `start`. */
  get isolation(): Isolation | undefined {
    return this.#isolation;
  }

  async start(): Promise<readonly string[]> {
    const [isolation] = await Promise.all([this.#options.isolation ?? probeIsolation(), this.#pipes.start()]);
    this.#isolation = isolation;
    if (isolation.kind !== 'none') return [];
    const notice =
      `steps run as plain host processes: ${isolation.why}. Literal paths such as /workspace are replaced in the spec ` +
      'and in scripts, nothing is read-only, and steps see all files of this user. Install bubblewrap to isolate them.';
    return [notice];
  }

  endLeftover(directory: string): Promise<void> {
    endLeftover(directory, { marked: this.#isolation?.kind === 'none' });
    return Promise.resolve();
  }

  async startContainer(plan: ContainerPlan): Promise<RunningContainer> {
    const [first] = plan.command;
    if (first === undefined) throw missingCommand(plan);
    this.#noticeUser(plan);
    const context = this.#context();
    const temporary = join(plan.directory, 'tmp');
    mkdirSync(temporary, { recursive: true, mode: 0o777 });
    const prepared = { ...plan, environment: this.#environment(plan, context) };
    const { container, pid } =
      this.#isolation === undefined || this.#isolation.kind === 'none'
        ? await runPlain(prepared, context)
        : await runSandboxed(this.#isolation, prepared, context);
    writePidFile(plan.directory, pid);
    return noteKills(container, plan, this.#options.memoryKills ?? memoryKillsOfMachine);
  }

  #context(): ProcessContext {
    const { clock, random, searchPath = searchPathDefault } = this.#options;
    const id = `process://${randomUuid(random)}`;
    const { uid, home } = this.#user;
    const isPlain = this.#isolation?.kind === 'none';
    const { visible, hidden } = isPlain ? { visible: searchPath, hidden: [] } : splitVisible(searchPath, this.#host);
    const path = visible.join(':');
    return { clock, host: this.#host, pipes: this.#pipes, id, home, searchPath: path, hidden, asRoot: uid === 0 };
  }

  /** Only what the spec says, and what no program can do without. */
  #environment(plan: ContainerPlan, context: ProcessContext): Record<string, string> {
    return {
      ...this.#options.environment,
      PATH: context.searchPath,
      HOME: context.home,
      HOSTNAME: plan.podName,
      ...plan.environment,
    };
  }

  #noticeUser(plan: ContainerPlan): void {
    if (plan.runAsUser === undefined || plan.runAsUser === this.#user.uid || this.#userNoticeGiven) return;
    this.#userNoticeGiven = true;
    const asked = { runAsUser: plan.runAsUser, uid: this.#user.uid, container: plan.container };
    this.#options.logger.warn('the process runtime ignores runAsUser: steps run as the user of this program', asked);
  }
}

function missingCommand(plan: ContainerPlan): ContainerStartError {
  return new ContainerStartError(
    `${plan.container}: the process runtime needs command or script: it has no image "${plan.image}" whose entrypoint ` +
      'it could run. Add command or script to the step, or use a container runtime',
    { reason: 'ContainerCannotRun', exitCode: 128 },
  );
}

function currentUser(): { readonly uid: number; readonly home: string } {
  const uid = process.getuid?.() ?? 0;
  try {
    return { uid, home: userInfo().homedir };
  } catch {
    // A uid without an entry in the user database, as in many containers.
    return { uid, home: '/root' };
  }
}
