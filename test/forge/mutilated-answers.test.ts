import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { CreateForge } from '../../src/forge/forge-parts.ts';
import { ForgeError, type Forge, type StatusReport } from '../../src/forge/forge.ts';
import { createGiteaForge } from '../../src/forge/gitea/gitea-forge.ts';
import { createGitlabForge } from '../../src/forge/gitlab/gitlab-forge.ts';
import { createFetch } from '../../src/net/outgoing-fetch.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { startGitlab } from '../support/git-hosts/gitlab/simulated-gitlab.ts';
import { mutilatingFetch } from '../support/git-hosts/mutilated-answers.ts';
import type { SimulatedHost } from '../support/git-hosts/simulated-host.ts';

interface Contestant {
  readonly name: string;
  readonly start: () => Promise<SimulatedHost>;
  readonly create: CreateForge;
}

const contestants: readonly Contestant[] = [
  { name: 'GitLab', start: () => startGitlab({ clock: systemClock }), create: createGitlabForge },
  { name: 'Gitea', start: () => startGitea({ clock: systemClock }), create: createGiteaForge },
];

/** Ways in which the answers of one run of all calls are changed. */
const seeds = 20;

for (const { name, start, create } of contestants) {
  describe(`${name}, whose answers are not what is documented`, () => {
    it('leads to errors of a forge, never to others', async () => {
      await using host = await start();
      using fetch = createFetch({ clock: systemClock, allowedHosts: [new URL(host.url).host] });
      const calls = callsOf(host);
      const outcomes = { given: 0, refused: 0 };
      for (let seed = 1; seed <= seeds; seed++) {
        const forge = create({
          access: host.access,
          fetch: mutilatingFetch(fetch, seed),
          clock: systemClock,
          random: seededRandom(seed),
          logger: silentLogger,
        });
        for (const [what, call] of Object.entries(calls)) {
          try {
            await call(forge);
            outcomes.given++;
          } catch (thrown) {
            assert.ok(thrown instanceof ForgeError, `seed ${seed}, ${what}: ${String(thrown)}`);
            outcomes.refused++;
          }
        }
      }
      // Both happen, else nothing was tried: a change often hits what nobody reads.
      assert.ok(outcomes.given > seeds && outcomes.refused > seeds, JSON.stringify(outcomes));
    });
  });
}

function callsOf(host: SimulatedHost): Readonly<Record<string, (forge: Forge) => Promise<unknown>>> {
  const project = host.addProject('trade', 'shop', { '.tekton/a.yaml': 'a: 1', '.tekton/b/c.yaml': 'c: 1' });
  host.addUser('ada', { writes: [project], teams: ['trade/reviewers'] });
  const fork = host.fork(project, 'eve');
  const before = host.commit(project, 'main', { x: '1' });
  const after = host.commit(project, 'main', { x: '2', y: '1' });
  const headSha = host.commit(fork, 'fix', { z: '1' });
  host.webhooks.tag(project, 'v1', before, 'ada');
  const { number } = host.webhooks.openPullRequest(project, { author: 'eve', head: 'fix', from: fork });
  host.webhooks.label(project, number, 'fast', 'ada');
  host.webhooks.comment(project, number, 'hello', 'ada');
  const report: StatusReport = {
    project,
    sha: headSha,
    context: 'Penstock / build / #1',
    pullRequest: { number, headProject: fork },
    externalId: 'run-1',
    state: 'running',
    title: 'Running',
    text: '',
    annotations: [],
  };
  const comment = { project, pullRequest: number, marker: 'm', body: 'b' };
  return {
    readFolder: (forge) => forge.readFolder(project, after, '.tekton'),
    readFile: (forge) => forge.readFile(project, after, 'x'),
    readProject: (forge) => forge.readProject(project),
    readTag: (forge) => forge.readRevision(project, 'refs/tags/v1'),
    readBranch: (forge) => forge.readRevision(project, 'main'),
    readCommit: (forge) => forge.readRevision(project, after),
    readPullRequest: (forge) => forge.readPullRequest(project, number),
    pullRequestsOf: (forge) => forge.pullRequestsOf(project, headSha),
    changedByPush: (forge) => forge.changedFiles(project, { kind: 'push', before, after }),
    changedByBranch: (forge) => forge.changedFiles(project, { kind: 'push', after }),
    changedByPullRequest: (forge) => forge.changedFiles(project, { kind: 'pull_request', number, headSha }),
    readComments: (forge) => forge.readComments(project, number),
    standing: (forge) => forge.standing(project, { login: 'ada' }),
    isTeamMember: (forge) => forge.isTeamMember(project, 'reviewers', { login: 'ada' }),
    postStatus: (forge) => forge.postStatus(report, undefined),
    readStatus: (forge) => forge.readStatus(report, undefined),
    putComment: (forge) => forge.putComment(comment),
  };
}
