/** Real repositories in a temporary folder, for tests. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../base/system-clock.ts';
import { systemRandom } from '../../base/system-random.ts';
import type { Forge, StatusReport } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { createGitForge } from './git-forge.ts';
import { type GitProgram, createGitProgram } from './git-program.ts';

const path = '/usr/local/bin:/usr/bin:/bin';
const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false'];

/** A folder with a bare repository `app.git` and a working copy of it. */
export class GitFixture implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'penstock-git-'));
  readonly bare: string = join(this.folder, 'app.git');
  readonly work: string = join(this.folder, 'work');
  readonly project: Project = { url: `file://${this.folder}/app`, owner: this.folder.slice(1), name: 'app' };
  readonly program: GitProgram = createGitProgram({ clock: systemClock, surroundings: { path } });

  constructor() {
    this.run(this.folder, 'init', '--quiet', '--bare', '--initial-branch=main', this.bare);
    this.run(this.folder, 'clone', '--quiet', this.bare, this.work);
    this.run(this.work, 'checkout', '--quiet', '-B', 'main');
  }

  /** Runs git in a folder; answers what it said. */
  run(folder: string, ...args: readonly string[]): string {
    return execFileSync('git', [...identity, ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: path, HOME: this.folder, GIT_CONFIG_NOSYSTEM: '1' },
    });
  }

  /** Commits files (null = removed) to the branch of the working copy, without pushing; answers the commit. */
  commit(files: Readonly<Record<string, string | null>>, message = 'change'): string {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.work, name);
      if (content === null) rmSync(file);
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
    }
    this.run(this.work, 'add', '--all');
    this.run(this.work, 'commit', '--quiet', '--allow-empty', '-m', message);
    return this.head();
  }

  head(): string {
    return this.run(this.work, 'rev-parse', 'HEAD').trim();
  }

  push(...args: readonly string[]): void {
    this.run(this.work, 'push', '--quiet', 'origin', ...(args.length > 0 ? args : ['HEAD']));
  }

  forge(roots?: readonly string[]): Forge {
    return createGitForge({ ...this.#parts(this.program), ...(roots === undefined ? {} : { roots }) });
  }

  /** A forge for which `ssh` is a program that runs the command here. */
  forgeBySsh(): { readonly forge: Forge; readonly project: Project } {
    const ssh = join(this.folder, 'ssh.sh');
    writeFileSync(ssh, '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n');
    chmodSync(ssh, 0o755);
    const program = createGitProgram({ clock: systemClock, surroundings: { path, sshCommand: ssh } });
    const url = `ssh://git@example.org${this.folder}/app`;
    return {
      forge: createGitForge(this.#parts(program)),
      project: { ...this.project, url, cloneUrl: `${url}.git` },
    };
  }

  #parts(git: GitProgram): Parameters<typeof createGitForge>[0] {
    return { git, clock: systemClock, random: systemRandom, cache: join(this.folder, 'cache') };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A report about a commit, for tests that care for some members only. */
export function reportOf(project: Project, sha: string, members: Partial<StatusReport> = {}): StatusReport {
  return {
    project,
    sha,
    context: 'Penstock / build / main',
    externalId: 'build-0123456789',
    state: 'running',
    title: 'Running',
    text: 'build has started',
    annotations: [],
    ...members,
  };
}
