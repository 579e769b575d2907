/** The plain Git host in the words of the simulated ones: real repositories in a temporary folder, and the hook's messages. */
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../src/base/clock.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { systemRandom } from '../../../src/base/system-random.ts';
import type { Project } from '../../../src/forge/git-event.ts';
import type { Forge } from '../../../src/forge/forge.ts';
import { parseNote } from '../../../src/forge/git/commit-note.ts';
import { createGitForge } from '../../../src/forge/git/git-forge.ts';
import { createGitProgram } from '../../../src/forge/git/git-program.ts';
import type { Files, SeenStatus, SentWebhook, SimulatedHost } from './simulated-host.ts';

const path = '/usr/local/bin:/usr/bin:/bin';
const secret = 'plain-git-secret';
const none = '0'.repeat(40);

export interface PlainGitHost extends SimulatedHost {
  readonly kind: 'git';
  readonly forge: Forge;
}

/** `clock` dates its messages. */
export function startPlainGit({ clock }: { readonly clock: Clock }): PlainGitHost {
  const folder = new GitFolder();
  return {
    kind: 'git',
    forge: createGitForge({
      git: createGitProgram({ clock: systemClock, surroundings: { path } }),
      clock: systemClock,
      random: systemRandom,
      cache: join(folder.path, 'cache'),
    }),
    url: `file://${folder.path}`,
    access: { kind: 'git', webUrl: 'file://', credential: { type: 'none' } },
    webhookSecret: secret,
    faults: { next: unknown, outage: unknown, clear: () => undefined },
    requests: [],
    violations: [],
    addProject: (owner, name, files) => folder.addProject(owner, name, files),
    addUser: () => undefined,
    commit: (project, branch, files, options) => folder.commit(project, branch, files, options?.message),
    fork: unknown,
    webhooks: hookMessages(folder, clock),
    statuses: (project, sha) => folder.seen(project, sha),
    comments: () => [],
    [Symbol.asyncDispose]: () => {
      rmSync(folder.path, { recursive: true, force: true, maxRetries: 5 });
      return Promise.resolve();
    },
  };
}

function unknown(): never {
  throw new Error('plain Git has only pushes');
}

/** What the hook sends of pushes. */
function hookMessages(folder: GitFolder, clock: Clock): SimulatedHost['webhooks'] {
  let deliveries = 0;
  const told = (project: Project, pusher: string, ref: string, before: string, after: string): SentWebhook => {
    const receivedAt = new Date(clock.now()).toISOString();
    const repository = { url: `file://${folder.bareOf(project)}` };
    const body = JSON.stringify({ repository, pusher, receivedAt, refs: [{ ref, before, after }] });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = { 'x-penstock-delivery': `d${++deliveries}`, 'x-penstock-signature': `sha256=${signature}` };
    return { headers: { 'content-type': 'application/json', ...headers }, body };
  };
  return {
    push: (project, branch, pusher) => {
      const said = folder.git(folder.bareOf(project), 'rev-list', '--first-parent', '-n2', branch);
      const [after = '', before = none] = said.split('\n');
      return told(project, pusher, `refs/heads/${branch}`, before, after);
    },
    tag: (project, tag, sha, pusher) => {
      folder.git(folder.bareOf(project), 'update-ref', `refs/tags/${tag}`, sha);
      return told(project, pusher, `refs/tags/${tag}`, none, sha);
    },
    deleteBranch: (project, branch, actor) => {
      const before = folder.git(folder.bareOf(project), 'rev-parse', `refs/heads/${branch}`);
      folder.git(folder.bareOf(project), 'update-ref', '-d', `refs/heads/${branch}`);
      return told(project, actor, `refs/heads/${branch}`, before, none);
    },
    openPullRequest: unknown,
    synchronize: unknown,
    label: unknown,
    close: unknown,
    comment: unknown,
  };
}

/** Bare repositories in a temporary folder, each with a working copy beside it. */
class GitFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'penstock-plain-git-'));

  git(cwd: string, ...args: readonly string[]): string {
    return execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: path, HOME: this.path, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  }

  bareOf({ owner, name }: Project): string {
    return join(this.path, owner, `${name}.git`);
  }

  addProject(owner: string, name: string, files: Files = { 'README.md': name }): Project {
    const project = { url: `file://${this.path}/${owner}/${name}`, owner, name, defaultBranch: 'main' };
    mkdirSync(join(this.path, owner), { recursive: true });
    this.git(this.path, 'init', '--quiet', '--bare', '--initial-branch=main', this.bareOf(project));
    this.git(this.path, 'clone', '--quiet', this.bareOf(project), this.#workOf(project));
    this.commit(project, 'main', files, 'Initial commit');
    return project;
  }

  commit(project: Project, branch: string, files: Files, message = 'change'): string {
    const work = this.#workOf(project);
    const known = this.git(work, 'branch', '--list', branch) !== '';
    const start = branch === 'main' ? [] : ['main'];
    this.git(work, 'checkout', '--quiet', ...(known ? [branch] : ['-b', branch, ...start]));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, name)), { recursive: true });
      if (text === '') rmSync(join(work, name));
      else writeFileSync(join(work, name), text);
    }
    this.git(work, 'add', '--all');
    this.git(work, 'commit', '--quiet', '--allow-empty', '-m', message);
    this.git(work, 'push', '--quiet', 'origin', branch);
    return this.git(work, 'rev-parse', 'HEAD');
  }

  /** What the notes of a commit were changed to, one after another: their history tells. */
  seen(project: Project, sha: string): readonly SeenStatus[] {
    const bare = this.bareOf(project);
    const known = this.git(bare, 'for-each-ref', 'refs/notes/penstock');
    const versions =
      known === '' ? [] : this.git(bare, 'log', '--reverse', '--format=%H', 'refs/notes/penstock').split('\n');
    return versions.flatMap((version) => {
      const files = this.git(bare, 'ls-tree', '-r', version).split('\n');
      const file = files.find((line) => line.replaceAll('/', '').endsWith(sha));
      const [, id] = / blob ([0-9a-f]+)\t/.exec(file ?? '') ?? [];
      const note = parseNote(id === undefined ? '' : this.git(bare, 'cat-file', 'blob', id));
      const changed = Object.entries(note.statuses).toSorted(([, a], [, b]) => (a.updatedAt < b.updatedAt ? 1 : -1))[0];
      if (changed === undefined) return [];
      const [context, { state, title, url = '', externalId }] = changed;
      return [
        { project: `${project.owner}/${project.name}`, sha, context, state, description: title, url, externalId },
      ];
    });
  }

  #workOf({ owner, name }: Project): string {
    return join(this.path, owner, `${name}-work`);
  }
}
