/** Lets git clone and fetch over HTTP what this machine has: `git upload-pack`, stateless, reading only. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../base/clock.ts';
import { ForgeError } from '../forge.ts';
import { type GitSurroundings, environmentFor, optionsBefore } from './git-program.ts';

/** The longest a clone may take. */
export const uploadPackMsMax: number = 30 * 60_000;
/** Most bytes of what a client says that it has and wants. */
export const wantBytesMax: number = 16 * 1024 * 1024;
const complaintBytesMax = 2_000;

/** One request of git's smart HTTP protocol to fetch. */
export interface UploadPackRequest {
  readonly gitDirectory: string;
  /** `advertise`: what refs are there; `exchange`: what is wanted, and the pack. */
  readonly service: 'advertise' | 'exchange';
  /** Header `Git-Protocol`. */
  readonly protocol?: string;
  readonly body?: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

export interface UploadPackOptions {
  readonly clock: Clock;
  readonly surroundings: GitSurroundings;
}

/** The answer, as it comes. Throws a {@link ForgeError} when git fails; nothing may have been said before that. */
export async function* uploadPack(request: UploadPackRequest, options: UploadPackOptions): AsyncGenerator<Uint8Array> {
  const child = start(request, options.surroundings);
  const closed = once(child, 'close') as Promise<[number | null]>;
  closed.catch(() => undefined);
  const end = (): void => void child.kill('SIGKILL');
  const cancelTimer = options.clock.schedule(uploadPackMsMax, end);
  request.signal.addEventListener('abort', end, { once: true });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-complaintBytesMax);
  });
  // git may have read enough before all has been said: what it answers tells.
  const said = pipeline(Readable.from(limited(request.body ?? [])), child.stdin).catch((error: unknown) => error);
  try {
    if (request.service === 'advertise') yield Buffer.from('001e# service=git-upload-pack\n0000');
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const [code] = await closed;
    const broken = await said;
    if (broken instanceof ForgeError) throw broken;
    if (code !== 0) throw new ForgeError('unavailable', `git upload-pack: ${complaint.trim() || `ended with ${code}`}`);
  } finally {
    cancelTimer();
    request.signal.removeEventListener('abort', end);
    end();
  }
}

function start(request: UploadPackRequest, surroundings: GitSurroundings): ChildProcessWithoutNullStreams {
  // The directory is an operand: it is absolute, so git cannot take it for an option.
  const advertise = request.service === 'advertise' ? ['--http-backend-info-refs'] : [];
  const args = ['-c', 'uploadpack.allowReachableSHA1InWant=true', 'upload-pack', '--stateless-rpc', ...advertise];
  const call = { args: [...args, '--strict', request.gitDirectory] };
  const protocol = /^version=[0-2]$/.test(request.protocol ?? '') ? { GIT_PROTOCOL: request.protocol ?? '' } : {};
  return spawnGit([...optionsBefore(call), ...call.args], { ...environmentFor(call, surroundings), ...protocol });
}

function spawnGit(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcessWithoutNullStreams {
  return spawn('git', [...args], { cwd: '/', env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function* limited(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > wantBytesMax) throw new ForgeError('too-large', `a fetch asks with more than ${wantBytesMax} bytes`);
    yield chunk;
  }
}
