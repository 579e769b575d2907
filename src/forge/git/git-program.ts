import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.ts';
import { Turns } from './turns.ts';
import { ForgeError } from '../forge.ts';

/** One call of the program `git`. */
export interface GitCall {
  /** The repository, a bare one or the `.git` of another; absent = none, or git looks for it from `folder`. */
  readonly gitDirectory?: string;
  /** Where git is started; absent = at the root of the file system. */
  readonly folder?: string;
  readonly args: readonly string[];
  readonly input?: string | Uint8Array;
  /** Output beyond this is thrown away, and the answer says so; {@link gitOutputBytesMax} by default. */
  readonly outputBytesMax?: number;
  readonly timeoutMs?: number;
  /**
   * Whose configuration counts: that of the repository alone, or that of the person who typed a command too. Never the
   * person's when a server works: it must do the same whoever started it.
   */
  readonly configuration?: 'repository' | 'person';
}

export interface GitAnswer {
  readonly exitCode: number;
  readonly output: Buffer;
  /** There was more output than was asked for; git was ended. */
  readonly truncated: boolean;
  /** The end of what git said on standard error. */
  readonly complaint: string;
}

/** The program `git`, as far as it is let. */
export interface GitProgram {
  /** Resolves with how git ended, whatever its exit code. Throws a {@link ForgeError} when it cannot start or takes too long. */
  run(call: GitCall): Promise<GitAnswer>;
}

/** What git may know of the surroundings of this process. */
export interface GitSurroundings {
  /** Where programs are looked up. */
  readonly path: string;
  readonly home?: string;
  /** Socket of an SSH agent. */
  readonly sshAgent?: string;
  /** What git calls to reach a host by SSH; {@link sshCommandDefault} by default. */
  readonly sshCommand?: string;
}

export const gitOutputBytesMax: number = 32 * 1024 * 1024;
export const gitTimeoutMs = 60_000;
const complaintBytesMax = 8 * 1024;
/** Calls of git that run at the same time. */
const callsMax = 8;
/** How long git may take to end and to remove its lock files after it was told to. */
const endGraceMs = 2_000;
/** Never asks anybody anything; a host that does not answer is given up. */
const sshCommandDefault = 'ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15';

/** The real `git`. Its environment is made from nothing: no prompts, no hooks, no replacement objects, fixed language. */
export function createGitProgram(options: {
  readonly clock: Clock;
  readonly surroundings: GitSurroundings;
}): GitProgram {
  const turns = new Turns(callsMax);
  return { run: (call) => turns.take(() => runOnce(call, options.clock, options.surroundings)) };
}

async function runOnce(call: GitCall, clock: Clock, surroundings: GitSurroundings): Promise<GitAnswer> {
  const child = spawn('git', [...optionsBefore(call), ...call.args], {
    cwd: call.folder ?? '/',
    env: environmentFor(call, surroundings),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timeoutMs = call.timeoutMs ?? gitTimeoutMs;
  const ending = new Ending(child, clock);
  const cancelTimer = clock.schedule(timeoutMs, () => ending.begin());
  child.stdin.on('error', () => undefined); // git may end without reading all; its exit code and words tell why.
  child.stdin.end(call.input);
  const output = new Collected(call.outputBytesMax ?? gitOutputBytesMax, 'start');
  const complaint = new Collected(complaintBytesMax, 'end');
  child.stdout.on('data', (chunk: Buffer) => {
    output.add(chunk);
    if (output.overflowed && !ending.begun) ending.begin();
  });
  child.stderr.on('data', (chunk: Buffer) => complaint.add(chunk));
  try {
    const exitCode = await closed(child);
    if (ending.begun && !output.overflowed) {
      throw new ForgeError('unavailable', `git ${call.args[0]}: not done within ${timeoutMs / 1000} s`);
    }
    const said = complaint.bytes().toString('utf8').trim();
    return { exitCode, output: output.bytes(), truncated: output.overflowed, complaint: said };
  } finally {
    cancelTimer();
    ending.over();
  }
}

function closed(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      reject(new ForgeError('unavailable', `the program git cannot be started: ${cause.message}`, { cause }));
    });
    // A signal of somebody else gives no exit code: that is a failure as well.
    child.on('close', (code) => resolve(code ?? 128));
  });
}

/** Ends a child politely first: git then removes its lock and temporary files. */
class Ending {
  begun = false;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #cancel: () => void = () => undefined;

  constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
  }

  begin(): void {
    this.begun = true;
    this.#child.kill('SIGTERM');
    this.#cancel = this.#clock.schedule(endGraceMs, () => this.#child.kill('SIGKILL'));
  }

  over(): void {
    this.#cancel();
  }
}

/** The start, or the end, of what a stream says. */
class Collected {
  overflowed = false;
  readonly #limit: number;
  readonly #keep: 'start' | 'end';
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(limit: number, keep: 'start' | 'end') {
    this.#limit = limit;
    this.#keep = keep;
  }

  add(chunk: Buffer): void {
    if (this.#keep === 'start' && this.overflowed) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= this.#limit) return;
    this.overflowed = true;
    if (this.#keep === 'end') this.#chunks = [this.bytes()];
    this.#size = Math.min(this.#size, this.#limit);
  }

  bytes(): Buffer {
    const all = Buffer.concat(this.#chunks);
    return this.#keep === 'start' ? all.subarray(0, this.#limit) : all.subarray(Math.max(0, all.length - this.#limit));
  }
}

/** What stands before the words of every call. */
export function optionsBefore(call: GitCall): readonly string[] {
  const repository = call.gitDirectory === undefined ? [] : [`--git-dir=${call.gitDirectory}`];
  // A repository's configuration may name programs; those that plain reading and writing of objects could start are off.
  const harmless = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'gc.auto=0', 'maintenance.auto=false'];
  return [...repository, '--literal-pathspecs', '--no-pager', ...harmlessFor(call, harmless)];
}

/** A person's own commands keep the person's settings: what is asked may be where the hooks are. */
function harmlessFor(call: GitCall, settings: readonly string[]): readonly string[] {
  return call.configuration === 'person' ? [] : settings.flatMap((setting) => ['-c', setting]);
}

/** The whole environment of git; nothing of this process's own is in it. */
export function environmentFor(call: GitCall, surroundings: GitSurroundings): Readonly<Record<string, string>> {
  const { path, home, sshAgent } = surroundings;
  return {
    PATH: path,
    ...(home === undefined ? {} : { HOME: home }),
    ...(sshAgent === undefined ? {} : { SSH_AUTH_SOCK: sshAgent }),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'false',
    SSH_ASKPASS: 'false',
    GIT_SSH_COMMAND: surroundings.sshCommand ?? sshCommandDefault,
    GIT_ALLOW_PROTOCOL: call.configuration === 'person' ? 'file:ssh:http:https:git' : 'file:ssh',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    ...(call.configuration === 'person'
      ? {}
      : { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_ATTR_NOSYSTEM: '1' }),
  };
}
