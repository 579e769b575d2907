import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelRepository, type ModelUser } from '../git-model.ts';
import {
  answerOf,
  type HeldModel,
  heldModel,
  type HostWords,
  projectAt,
  projectsOf,
  webhooksOf,
} from '../held-model.ts';
import { startHostServer, type HostServer } from '../host-server.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import { CommitStatuses } from './commit-statuses.ts';
import { gitlabRoutes, type GitlabState } from './gitlab-routes.ts';
import {
  labelMembers,
  mergeRequestWebhook,
  noteWebhook,
  pushWebhook,
  type MergeRequestEvent,
  type WebhookSource,
} from './gitlab-webhooks.ts';
import { Members } from './members.ts';

const token = 'glpat-simulated-token-1';
const otherToken = 'glpat-simulated-token-2';
const webhookSecret = 'gitlab-webhook-secret';
/** Requests a minute that the headers tell of. */
const limit = 2000;

/** A simulated GitLab; besides what all hosts have, what only GitLab has. */
export interface SimulatedGitlab extends SimulatedHost {
  readonly kind: 'gitlab';
  readonly statusRows: CommitStatuses;
  repositoryOf(project: Project): ModelRepository;
  /** A pipeline that GitLab made itself. */
  addPipeline(project: Project, sha: string, ref: string, source: 'push' | 'merge_request_event'): number;
  /** Access level of somebody in a project: 10 Guest, 20 Reporter, 30 Developer, 40 Maintainer. */
  setLevel(project: Project, login: string, level: number): void;
  /** The same in a group, for all projects below it. */
  setGroupLevel(group: string, login: string, level: number): void;
  block(login: string): void;
  /** The token's account is an administrator. */
  makeAdministrator(): void;
  /** Login of the account the standard token belongs to. */
  readonly ownLogin: string;
  /** A second token, of another account with the same rights. */
  readonly otherToken: string;
  /** A note that GitLab writes itself. */
  addSystemNote(project: Project, number: number, body: string): void;
  /** Files of a diff that are kept. */
  limitDiffs(files: number): void;
}

export async function startGitlab(options: { readonly clock: Clock }): Promise<SimulatedGitlab> {
  const model = new GitModel(options.clock);
  const accounts = [model.user('project_1_bot_penstock'), model.user('project_1_bot_other')] as const;
  const [bot] = accounts;
  const log = new StatusLog();
  const state = stateOf(model, accounts, log);
  const server = await startServer(state, options.clock);
  state.url = server.url;
  const held = heldModel(model);
  const shown = (repository: ModelRepository, isFork: boolean): Project => {
    for (const { login } of isFork ? [] : accounts) repository.permissions.set(login, 'admin');
    return { ...projectAt(server.url, repository), cloneUrl: `${server.url}/${repository.fullName}.git` };
  };
  const source: WebhookSource = { url: () => server.url, model, secret: webhookSecret };
  return {
    kind: 'gitlab',
    url: server.url,
    access: { kind: 'gitlab', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    statusRows: state.statuses,
    repositoryOf: held.repositoryOf,
    ownLogin: bot.login,
    otherToken,
    ...projectsOf(held, { shown, log }),
    ...peopleOf(held, state, bot.login),
    addPipeline: (project, sha, ref, kind) => state.statuses.addPipeline(held.repositoryOf(project), sha, ref, kind).id,
    limitDiffs: (files) => {
      state.diffFilesMax = files;
    },
    webhooks: webhooksOf(held, wordsOf(held, source)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function stateOf(model: GitModel, [bot, other]: readonly [ModelUser, ModelUser], log: StatusLog): GitlabState {
  return {
    url: '',
    model,
    members: new Members(model),
    statuses: new CommitStatuses(model),
    tokens: new Map([
      [token, bot],
      [otherToken, other],
    ]),
    administrators: new Set(),
    systemNotes: new Set(),
    diffFilesMax: 1000,
    violations: [],
    changed: (row) =>
      log.record({
        project: row.pipeline.repository.fullName,
        sha: row.pipeline.sha,
        context: row.name,
        state: row.status,
        description: row.description ?? '',
        url: row.targetUrl ?? '',
      }),
  };
}

function startServer(state: GitlabState, clock: Clock): Promise<HostServer> {
  return startHostServer({
    clock,
    answer: answerOf(gitlabRoutes(state), state.violations, { status: 404, json: { error: '404 Not Found' } }),
    error: (status, text) => ({ status, json: { message: `${status} ${text}` } }),
    commonHeaders: () => ({
      'ratelimit-limit': String(limit),
      'ratelimit-observed': '1',
      'ratelimit-remaining': String(limit - 1),
      'ratelimit-reset': String(Math.ceil(clock.now() / 1000) + 60),
      'x-request-id': String(state.model.nextId()),
    }),
  });
}

const mergeRequestActions = { opened: 'open', closed: 'close' } as const;

function peopleOf(
  { repositoryOf, pullOf }: HeldModel,
  state: GitlabState,
  ownLogin: string,
): Pick<SimulatedGitlab, 'setLevel' | 'setGroupLevel' | 'block' | 'makeAdministrator' | 'addSystemNote'> {
  return {
    setLevel: (project, login, level) => state.members.setLevel(repositoryOf(project), login, level),
    setGroupLevel: (group, login, level) => state.members.setGroupLevel(group, login, level),
    block: (login) => state.members.block(login),
    makeAdministrator: () => void state.administrators.add(ownLogin),
    addSystemNote: (project, number, body) => {
      const note = repositoryOf(project).addComment(pullOf(project, number), ownLogin, body);
      state.systemNotes.add(note.id);
    },
  };
}

function wordsOf({ repositoryOf, pullOf }: HeldModel, source: WebhookSource): HostWords {
  const mergeRequest = (project: Project, number: number, event: MergeRequestEvent): SentWebhook =>
    mergeRequestWebhook(source, repositoryOf(project), pullOf(project, number), event);
  const synchronized = (project: Project, number: number): Omit<MergeRequestEvent, 'actor'> => {
    const repository = repositoryOf(project);
    const oldrev = repository.commits.get(repository.headSha(pullOf(project, number)))?.parents[0] ?? '';
    return { action: 'update', oldrev };
  };
  return {
    pushed: (project, moved, pusher) => pushWebhook(source, repositoryOf(project), { ...moved, pusher }),
    pullRequest: (project, number, act, actor) => {
      const event = act === 'synchronized' ? synchronized(project, number) : { action: mergeRequestActions[act] };
      return mergeRequest(project, number, { ...event, actor });
    },
    commented: (project, number, comment) =>
      noteWebhook(source, repositoryOf(project), pullOf(project, number), comment),
    label: (project, number, label, actor) => {
      const pull = pullOf(project, number);
      const previous = labelMembers(pull);
      repositoryOf(project).addLabel(pull, label);
      const changes = { labels: { previous, current: labelMembers(pull) } };
      return mergeRequest(project, number, { action: 'update', actor, changes });
    },
  };
}
