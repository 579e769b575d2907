import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelRepository } from '../git-model.ts';
import { answerOf, heldModel, projectsOf } from '../held-model.ts';
import { startHostServer } from '../host-server.ts';
import type { SeenStatus, SentWebhook, SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import * as json from './datacenter-json.ts';
import { type ChangedRef, type WebhookSource, datacenterWebhooks, pushWebhook } from './datacenter-webhooks.ts';
import { type Build, type DatacenterState, datacenterRoutes, failure } from './datacenter-routes.ts';

const token = 'BBDC-simulated-token';
const webhookSecret = 'datacenter-webhook-secret';

/** A simulated Bitbucket Data Center; besides what all hosts have, what only it has. */
export interface SimulatedBitbucketDatacenter extends SimulatedHost {
  readonly kind: 'bitbucket-datacenter';
  /** A push of several refs at once. */
  pushOf(project: Project, pusher: string, refs: readonly ChangedRef[]): SentWebhook;
}

export async function startBitbucketDatacenter(options: {
  readonly clock: Clock;
}): Promise<SimulatedBitbucketDatacenter> {
  const model = new GitModel(options.clock);
  const bot = model.user('penstock-bot');
  const log = new StatusLog();
  const state: DatacenterState = {
    url: '',
    model,
    logins: new Map([[`Bearer ${token}`, bot]]),
    builds: new Map(),
    commentVersions: new Map(),
    violations: [],
    changed: (repository, sha, build) => log.record(seenBuild(repository, sha, build)),
  };
  const server = await startHostServer({
    clock: options.clock,
    answer: answerOf(datacenterRoutes(state), state.violations, failure(404, 'null for uri')),
    error: failure,
  });
  state.url = server.url;
  const held = heldModel(model, ({ owner, name }) =>
    model.repositories.find((each) => json.keyOf(each) === owner && each.name === name),
  );
  const shown = (repository: ModelRepository): Project => {
    repository.permissions.set(bot.login, 'admin');
    const key = json.keyOf(repository);
    return {
      url: json.webUrl(server.url, repository),
      owner: key,
      name: repository.name,
      id: String(repository.id),
      defaultBranch: repository.defaultBranch,
      cloneUrl: `${server.url}/scm/${key}/${repository.name}.git`,
    };
  };
  const source: WebhookSource = { url: () => server.url, secret: webhookSecret, ...held };
  return {
    kind: 'bitbucket-datacenter',
    url: server.url,
    access: { kind: 'bitbucket-datacenter', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    ...projectsOf(held, { shown, log }),
    pushOf: (project, pusher, refs) => pushWebhook(source, project, pusher, refs),
    webhooks: datacenterWebhooks(source),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function seenBuild(repository: ModelRepository, sha: string, build: Build): SeenStatus {
  return {
    project: `${json.keyOf(repository)}/${repository.name}`,
    sha,
    context: build.name ?? build.key,
    state: build.state,
    description: build.description ?? '',
    url: build.url,
    ...(build.buildNumber === undefined ? {} : { externalId: build.buildNumber }),
  };
}
