/** The plain Git host in the words of the simulated ones: real repositories in a temporary folder, and the hook's messages. */
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assert } from '../../../src/base/assert.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { systemClock } from '../../../src/base/system-clock.ts';
import { systemRandom } from '../../../src/base/system-random.ts';
import type { Project } from '../../../src/forge/git-event.ts';
import type { Forge } from '../../../src/forge/forge.ts';
import { parseNote } from '../../../src/forge/git/commit-note.ts';
import { createGitForge } from '../../../src/forge/git/git-forge.ts';
import { createGitProgram } from '../../../src/forge/git/git-program.ts';
import type { Files, SentWebhook, SimulatedHost } from './simulated-host.ts';

const path = '/usr/local/bin:/usr/bin:/bin';
const secret = 'plain-git-secret';
const none = '0'.repeat(40);

export interface PlainGitHost extends SimulatedHost {
  readonly kind: 'git';
  readonly forge: Forge;
}

/** `clock` dates its messages. */
export function startPlainGit({ clock }: { readonly clock: Clock }): PlainGitHost {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-plain-git-'));
  let deliveries = 0;
  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: path, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  const bareOf = ({ owner, name }: Project): string => join(folder, owner, `${name}.git`);
  const workOf = ({ owner, name }: Project): string => join(folder, owner, `${name}-work`);
  const commit = (project: Project, branch: string, files: Files, message = 'change'): string => {
    const work = workOf(project);
    const known = git(work, 'branch', '--list', branch) !== '';
    git(work, 'checkout', '--quiet', ...(known ? [branch] : ['-b', branch, ...(branch === 'main' ? [] : ['main'])]));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, name)), { recursive: true });
      if (text === '') rmSync(join(work, name));
      else writeFileSync(join(work, name), text);
    }
    git(work, 'add', '--all');
    git(work, 'commit', '--quiet', '--allow-empty', '-m', message);
    git(work, 'push', '--quiet', 'origin', branch);
    return git(work, 'rev-parse', 'HEAD');
  };
  const told = (project: Project, pusher: string, ref: string, before: string, after: string): SentWebhook => {
    const receivedAt = new Date(clock.now()).toISOString();
    const repository = { url: `file://${bareOf(project)}` };
    const body = JSON.stringify({ repository, pusher, receivedAt, refs: [{ ref, before, after }] });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = { 'x-penstock-delivery': `d${++deliveries}`, 'x-penstock-signature': `sha256=${signature}` };
    return { headers: { 'content-type': 'application/json', ...headers }, body };
  };
  const addProject = (owner: string, name: string, files: Files = { 'README.md': name }): Project => {
    // The folder stands for the owner's place on the machine, as event and address have it.
    const project = { url: `file://${folder}/${owner}/${name}`, owner, name, defaultBranch: 'main' };
    mkdirSync(join(folder, owner), { recursive: true });
    git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bareOf(project));
    git(folder, 'clone', '--quiet', bareOf(project), workOf(project));
    commit(project, 'main', files, 'Initial commit');
    return project;
  };
  const unknown = (): never => assert(false, 'plain Git has only pushes') as never;
  return {
    kind: 'git',
    forge: createGitForge({
      git: createGitProgram({ clock: systemClock, surroundings: { path } }),
      clock: systemClock,
      random: systemRandom,
      cache: join(folder, 'cache'),
    }),
    url: `file://${folder}`,
    access: { kind: 'git', webUrl: 'file://', credential: { type: 'none' } },
    webhookSecret: secret,
    faults: { next: unknown, outage: unknown, clear: () => undefined },
    requests: [],
    violations: [],
    addProject,
    addUser: () => undefined,
    commit: (project, branch, files, options) => commit(project, branch, files, options?.message),
    fork: unknown,
    webhooks: {
      push: (project, branch, pusher) => {
        const [after = '', before = none] = git(bareOf(project), 'rev-list', '--first-parent', '-n2', branch).split(
          '\n',
        );
        return told(project, pusher, `refs/heads/${branch}`, before, after);
      },
      tag: (project, tag, sha, pusher) => {
        git(bareOf(project), 'update-ref', `refs/tags/${tag}`, sha);
        return told(project, pusher, `refs/tags/${tag}`, none, sha);
      },
      deleteBranch: (project, branch, actor) => {
        const before = git(bareOf(project), 'rev-parse', `refs/heads/${branch}`);
        git(bareOf(project), 'update-ref', '-d', `refs/heads/${branch}`);
        return told(project, actor, `refs/heads/${branch}`, before, none);
      },
      openPullRequest: unknown,
      synchronize: unknown,
      label: unknown,
      close: unknown,
      comment: unknown,
    },
    statuses: (project, sha) => {
      const bare = bareOf(project);
      const commits = git(bare, 'log', '--reverse', '--format=%H', 'refs/notes/penstock').split('\n');
      const seen = commits.flatMap((notes) => {
        const blob = git(bare, 'ls-tree', '-r', notes)
          .split('\n')
          .find((line) => line.replaceAll('/', '').endsWith(sha));
        const [, id] = / blob ([0-9a-f]+)\t/.exec(blob ?? '') ?? [];
        const note = parseNote(id === undefined ? '' : git(bare, 'cat-file', 'blob', id));
        const newest = Object.entries(note.statuses).toSorted(([, a], [, b]) =>
          a.updatedAt < b.updatedAt ? 1 : -1,
        )[0];
        if (newest === undefined) return [];
        const [context, { state, title, url = '', externalId }] = newest;
        return [
          { project: `${project.owner}/${project.name}`, sha, context, state, description: title, url, externalId },
        ];
      });
      return seen;
    },
    comments: () => [],
    [Symbol.asyncDispose]: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      return Promise.resolve();
    },
  };
}
