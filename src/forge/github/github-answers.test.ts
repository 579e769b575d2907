import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { startGithubHost } from '../../../test/support/git-hosts/github/github-host.ts';
import { mutatedJson } from '../../../test/support/mutated-json.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { seededRandom } from '../../base/random.ts';
import { systemClock } from '../../base/system-clock.ts';
import { createFetch, type FetchLike } from '../../net/outgoing-fetch.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { ForgeError, type Forge, type StatusReport } from '../forge.ts';
import type { Project } from '../git-event.ts';
import { createGithubForge } from './github-forge.ts';

/** What is asked of the host in the test. */
interface Subject {
  readonly forge: Forge;
  readonly project: Project;
  readonly sha: string;
  readonly report: StatusReport;
}

const calls: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  readProject: ({ forge, project }) => forge.readProject(project),
  readFolder: ({ forge, project, sha }) => forge.readFolder(project, sha, '.tekton'),
  readFile: ({ forge, project, sha }) => forge.readFile(project, sha, '.tekton/a.yaml'),
  readRevision: ({ forge, project }) => forge.readRevision(project, 'main'),
  readPullRequest: ({ forge, project }) => forge.readPullRequest(project, 1),
  pullRequestsOf: ({ forge, project, sha }) => forge.pullRequestsOf(project, sha),
  changedFiles: ({ forge, project, sha }) =>
    forge.changedFiles(project, { kind: 'pull_request', number: 1, headSha: sha }),
  filesOfPush: ({ forge, project, sha }) => forge.changedFiles(project, { kind: 'push', after: sha }),
  readComments: ({ forge, project }) => forge.readComments(project, 1),
  standing: ({ forge, project }) => forge.standing(project, { login: 'ada', id: '1' }),
  isTeamMember: ({ forge, project }) => forge.isTeamMember(project, 'core', { login: 'ada' }),
  postStatus: ({ forge, report }) => forge.postStatus(report, undefined),
  readStatus: ({ forge, report }) => forge.readStatus(report, undefined),
  gitCredential: ({ forge, project }) => forge.gitCredential(project, []),
};

/** One answer of the host, as it gave it. */
interface Recorded {
  readonly key: string;
  readonly status: number;
  readonly json: unknown;
}

const keyOf = (request: Request): string => `${request.method} ${new URL(request.url).pathname}`;

describe('answers that GitHub does not document', () => {
  it('give a result or a ForgeError, and nothing else', async (context) => {
    const host = await startGithubHost({ compared: false });
    const real = createFetch({ clock: systemClock, allowedHosts: [new URL(host.url).host] });
    context.after(async () => {
      real.close();
      await host[Symbol.asyncDispose]();
    });
    const project = host.addProject('org', 'app', { 'README.md': 'x', '.tekton/a.yaml': 'a: 1\n' });
    host.addUser('ada', { teams: ['core'] });
    const sha = host.commit(project, 'topic', { b: '2' });
    const { number } = host.webhooks.openPullRequest(project, { author: 'ada', head: 'topic' });
    host.webhooks.comment(project, number, 'hello', 'ada');
    const report: StatusReport = {
      project,
      sha,
      context: 'CI',
      externalId: 'run-1',
      state: 'failed',
      title: 'failed',
      text: 'text',
      annotations: [{ path: 'b', line: 1, message: 'no', level: 'failure' }],
    };
    const parts = { access: host.access, clock: systemClock, random: seededRandom(1), logger: silentLogger };
    for (const [name, call] of Object.entries(calls)) {
      const recorded: Recorded[] = [];
      const recording: FetchLike = async (input, init) => {
        const request = new Request(input, init);
        const response = await real(request.clone());
        recorded.push({ key: keyOf(request), status: response.status, json: await response.clone().json() });
        return response;
      };
      await call({ forge: createGithubForge({ ...parts, fetch: recording }), project, sha, report });
      const objects = recorded.filter((each): each is Recorded & { readonly json: JsonObject } =>
        isJsonObject(each.json),
      );
      const lists = recorded
        .filter(({ json }) => Array.isArray(json))
        .map((each) => ({ ...each, json: { list: each.json } as JsonObject }));
      await fc.assert(
        fc.asyncProperty(
          fc
            .constantFrom(...objects, ...lists)
            .chain((each) => mutatedJson(each.json).map((json) => ({ ...each, json }))),
          async (changed) => {
            const isList = lists.some(({ key }) => key === changed.key);
            const body = isList ? (changed.json['list'] ?? null) : changed.json;
            const replay: FetchLike = (input, init) => {
              const key = keyOf(new Request(input, init));
              const found = recorded.find((each) => each.key === key);
              const json = key === changed.key ? body : found?.json;
              return Promise.resolve(Response.json(json ?? {}, { status: found?.status ?? 404 }));
            };
            const forge = createGithubForge({ ...parts, fetch: replay });
            const outcome = await call({ forge, project, sha, report }).catch((thrown: unknown) => thrown);
            if (outcome instanceof Error) assert.ok(outcome instanceof ForgeError, `${name}: ${outcome.stack ?? ''}`);
          },
        ),
        { numRuns: 25 },
      );
    }
  });
});
