import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelRepository } from '../git-model.ts';
import {
  answerOf,
  type HeldModel,
  heldModel,
  type HostWords,
  projectAt,
  projectsOf,
  webhooksOf,
} from '../held-model.ts';
import { startHostServer } from '../host-server.ts';
import type { SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import type { StatusRow } from './gitea-json.ts';
import { giteaRoutes, type GiteaState } from './gitea-routes.ts';
import {
  commentWebhook,
  deleteWebhook,
  pullRequestWebhook,
  pushWebhook,
  type WebhookSource,
} from './gitea-webhooks.ts';

const token = 'gitea-simulated-token-0123456789abcdef';
const webhookSecret = 'gitea-webhook-secret';

/** A simulated Gitea or Forgejo; besides what all hosts have, what only these have. */
export interface SimulatedGitea extends SimulatedHost {
  readonly kind: 'gitea';
  repositoryOf(project: Project): ModelRepository;
  /** Login of the account the token belongs to. */
  readonly ownLogin: string;
  /** Entries of a page, whatever is asked for. */
  limitPages(entries: number): void;
}

export async function startGitea(options: {
  readonly clock: Clock;
  /** Sends what Forgejo sends. Default: what Gitea sends. */
  readonly forgejo?: boolean;
}): Promise<SimulatedGitea> {
  const model = new GitModel(options.clock);
  const bot = model.user('penstock-bot');
  const log = new StatusLog();
  const state: GiteaState = {
    url: '',
    model,
    tokens: new Map([[token, bot]]),
    statuses: [],
    pageSizeMax: 50,
    violations: [],
    posted: (row) => log.record(seen(row)),
  };
  const server = await startHostServer({
    clock: options.clock,
    answer: answerOf(giteaRoutes(state), state.violations, { status: 404, text: 'Not found.' }),
    error: (status, message) => ({ status, json: { message, url: 'https://gitea.example.org/api/swagger' } }),
  });
  state.url = server.url;
  const held = heldModel(model);
  const source: WebhookSource = {
    url: () => server.url,
    model,
    secret: webhookSecret,
    forgejo: options.forgejo ?? false,
  };
  const shown = (repository: ModelRepository, isFork: boolean): Project => {
    if (!isFork) repository.permissions.set(bot.login, 'admin');
    return { ...projectAt(server.url, repository), cloneUrl: `${server.url}/${repository.fullName}.git` };
  };
  return {
    kind: 'gitea',
    url: server.url,
    access: { kind: 'gitea', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    ownLogin: bot.login,
    limitPages: (entries) => {
      state.pageSizeMax = entries;
    },
    repositoryOf: held.repositoryOf,
    ...projectsOf(held, { shown, log }),
    webhooks: webhooksOf(held, wordsOf(held, source)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function seen(row: StatusRow): Parameters<StatusLog['record']>[0] {
  return {
    project: row.repository.fullName,
    sha: row.sha,
    context: row.context,
    state: row.state,
    description: row.description,
    url: row.targetUrl,
  };
}

const pullRequestActs = {
  opened: { action: 'opened', type: 'pull_request' },
  synchronized: { action: 'synchronized', type: 'pull_request_sync' },
  closed: { action: 'closed', type: 'pull_request' },
} as const;

function wordsOf({ repositoryOf, pullOf }: HeldModel, source: WebhookSource): HostWords {
  return {
    pushed: (project, { ref, before, after }, pusher) => {
      const repository = repositoryOf(project);
      if (after === undefined) return deleteWebhook(source, repository, ref.replace('refs/heads/', ''), pusher);
      return pushWebhook(source, repository, { ref, after, pusher, ...(before && { before }) });
    },
    pullRequest: (project, number, act, actor) =>
      pullRequestWebhook(source, repositoryOf(project), pullOf(project, number), { ...pullRequestActs[act], actor }),
    commented: (project, number, comment) =>
      commentWebhook(source, repositoryOf(project), pullOf(project, number), comment),
    label: (project, number, label, actor) => {
      const [repository, pull] = [repositoryOf(project), pullOf(project, number)];
      repository.addLabel(pull, label);
      const event = { action: 'label_updated', type: 'pull_request_label', actor };
      return pullRequestWebhook(source, repository, pull, event);
    },
  };
}
