import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ForgeError } from '../forge.ts';
import { notesRef } from './commit-note.ts';
import { isGitDirectory } from './disk-repository.ts';
import type { GitProgram } from './git-program.ts';
import { expectSuccess } from './objects.ts';
import { type GitRepository, type Need, hasCommit } from './repository.ts';
import { Turns } from './turns.ts';

/** Repositories of which a copy is kept; of the others, the one that was used longest ago goes. */
const mirrorsMax = 32;
/** Largest copy, in bytes. */
const mirrorBytesMax: number = 4 * 1024 * 1024 * 1024;
const fetchTimeoutMs = 10 * 60_000;

/**
 * A repository behind SSH, read through a copy of it below `cache`. The copy holds nothing that the repository does not:
 * it may be deleted at any time.
 */
export function mirrorOf(
  { git, clock, cache }: { readonly git: GitProgram; readonly clock: Clock; readonly cache: string },
  url: string,
): GitRepository {
  const directory = join(cache, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.git`);
  const mirror = new Mirror({ git, clock, cache, directory, url: sshUrl(url) });
  const turns = new Turns(1);
  return {
    address: url,
    ready: (need) => mirror.ready(need),
    publish: (ref, commit) => mirror.publish(ref, commit),
    exclusively: (work) => turns.take(work),
  };
}

/** The URL as git may have it: nothing in it can be taken for an option of ssh. */
function sshUrl(text: string): string {
  const url = URL.parse(text);
  const host = decodeURIComponent(url?.hostname ?? '');
  const user = decodeURIComponent(url?.username ?? '');
  if (url?.protocol !== 'ssh:' || host === '' || host.startsWith('-') || user.startsWith('-') || url.password !== '') {
    throw new ForgeError('refused', `${text} is not an address by SSH: write ssh://user@host/path/to/repository.git`);
  }
  if (url.pathname.length < 2) throw new ForgeError('refused', `${text} names no repository`);
  return text;
}

const everything = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

class Mirror {
  readonly #git: GitProgram;
  readonly #clock: Clock;
  readonly #cache: string;
  readonly #directory: string;
  readonly #url: string;
  readonly #turns = new Turns(1);

  constructor(parts: {
    readonly git: GitProgram;
    readonly clock: Clock;
    readonly cache: string;
    readonly directory: string;
    readonly url: string;
  }) {
    this.#git = parts.git;
    this.#clock = parts.clock;
    this.#cache = parts.cache;
    this.#directory = parts.directory;
    this.#url = parts.url;
  }

  /** One at a time: whoever waits finds what the one before has fetched. */
  ready(need: Need): Promise<string> {
    return this.#turns.take(async () => {
      await this.#make();
      if (need === 'newest-notes') await this.#fetchNotes();
      else if (need === 'newest-refs' || !(await hasCommit(this.#git, this.#directory, need.commit))) {
        await this.#fetchAll();
      }
      return this.#directory;
    });
  }

  async publish(ref: string, commit: string): Promise<boolean> {
    const answer = await this.#run(['push', '--quiet', '--', this.#url, `${commit}:${ref}`]);
    if (
      answer.exitCode !== 0 &&
      /\[rejected\]|\[remote rejected\]|fetch first|cannot lock ref/.test(answer.complaint)
    ) {
      return false;
    }
    expectSuccess(answer, this.#url, 'push');
    return true;
  }

  async #make(): Promise<void> {
    if (await isGitDirectory(this.#directory)) {
      // By the instant of its last use the copy to go is chosen.
      await utimes(this.#directory, this.#clock.now() / 1000, this.#clock.now() / 1000);
      return;
    }
    await mkdir(this.#cache, { recursive: true, mode: 0o700 });
    await this.#makeRoom();
    const draft = `${this.#directory}.new`;
    await rm(draft, { recursive: true, force: true });
    expectSuccess(await this.#git.run({ args: ['init', '--quiet', '--bare', '--', draft] }), draft, 'init');
    await rename(draft, this.#directory);
  }

  async #makeRoom(): Promise<void> {
    const names = (await readdir(this.#cache)).filter((name) => name.endsWith('.git'));
    const aged = await Promise.all(
      names.map(async (name) => ({ name, usedMs: (await stat(join(this.#cache, name))).mtimeMs })),
    );
    const surplus = aged.toSorted((a, b) => a.usedMs - b.usedMs).slice(0, Math.max(0, aged.length - mirrorsMax + 1));
    for (const { name } of surplus) await rm(join(this.#cache, name), { recursive: true, force: true });
  }

  async #fetchAll(): Promise<void> {
    await this.#fetch([...everything, `+${notesRef}*:${notesRef}*`], ['--prune']);
    await this.#followHead();
    const counted = await this.#run(['count-objects', '-v']);
    const kibibytes = Number(/^size-pack: (\d+)$/m.exec(counted.output.toString('utf8'))?.[1] ?? 0);
    if (kibibytes * 1024 <= mirrorBytesMax) return;
    await rm(this.#directory, { recursive: true, force: true });
    throw new ForgeError('too-large', `${this.#url}: larger than ${mirrorBytesMax / 1024 ** 3} GiB`);
  }

  /** Also when the repository has no notes yet: the pattern then matches nothing. */
  #fetchNotes(): Promise<void> {
    return this.#fetch([`+${notesRef}*:${notesRef}*`], ['--prune']);
  }

  async #fetch(refs: readonly string[], options: readonly string[]): Promise<void> {
    const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', ...options];
    expectSuccess(await this.#run([...args, '--', this.#url, ...refs]), this.#url, 'fetch');
  }

  /** HEAD says which branch is the default one. */
  async #followHead(): Promise<void> {
    const answer = await this.#run(['ls-remote', '--symref', '--', this.#url, 'HEAD']);
    expectSuccess(answer, this.#url, 'ls-remote');
    const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(answer.output.toString('utf8'))?.[1];
    if (branch !== undefined)
      expectSuccess(await this.#run(['symbolic-ref', 'HEAD', branch]), this.#url, 'symbolic-ref');
  }

  #run(args: readonly string[]): ReturnType<GitProgram['run']> {
    return this.#git.run({ gitDirectory: this.#directory, args, timeoutMs: fetchTimeoutMs });
  }
}
