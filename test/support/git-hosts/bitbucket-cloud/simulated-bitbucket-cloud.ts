import type { Clock } from '../../../../src/base/clock.ts';
import type { Project } from '../../../../src/forge/git-event.ts';
import { GitModel, type ModelRepository } from '../git-model.ts';
import { answerOf, heldModel, projectAt, projectsOf } from '../held-model.ts';
import { startHostServer } from '../host-server.ts';
import type { SimulatedHost } from '../simulated-host.ts';
import { StatusLog } from '../status-log.ts';
import { uuidOf } from './cloud-json.ts';
import { type CloudState, cloudRoutes, failure } from './cloud-routes.ts';
import { type PushedRef, type WebhookSource, cloudWebhooks, pushWebhook } from './cloud-webhooks.ts';

const token = 'ATCTT3xFfGN0-simulated-token';
const webhookSecret = 'cloud-webhook-secret';

/** A simulated Bitbucket Cloud; besides what all hosts have, what only it has. */
export interface SimulatedBitbucketCloud extends SimulatedHost {
  readonly kind: 'bitbucket-cloud';
  /** Whether the token may ask for everybody's permissions in the workspace. True at first. */
  setAdministrator(is: boolean): void;
  /** A push of several refs at once. */
  pushOf(project: Project, pusher: string, refs: readonly PushedRef[]): ReturnType<SimulatedHost['webhooks']['push']>;
  /** UUID of an account. */
  uuidOf(login: string): string;
}

export async function startBitbucketCloud(options: { readonly clock: Clock }): Promise<SimulatedBitbucketCloud> {
  const model = new GitModel(options.clock);
  const bot = model.user('penstock-bot');
  const log = new StatusLog();
  const state: CloudState = {
    url: '',
    model,
    logins: new Map([[`Bearer ${token}`, bot]]),
    builds: new Map(),
    violations: [],
    administrator: true,
    changed: (repository, sha, { name, state: word, description, url }) =>
      log.record({ project: repository.fullName, sha, context: name, state: word, description, url }),
  };
  const server = await startHostServer({
    clock: options.clock,
    answer: answerOf(cloudRoutes(state), state.violations, failure(404, 'Resource not found')),
    error: failure,
  });
  state.url = server.url;
  const held = heldModel(model);
  const source: WebhookSource = { url: () => server.url, secret: webhookSecret, ...held };
  const shown = (repository: ModelRepository): Project => {
    repository.permissions.set(bot.login, 'admin');
    return { ...projectAt(server.url, repository), id: uuidOf(repository.id) };
  };
  return {
    kind: 'bitbucket-cloud',
    url: server.url,
    access: { kind: 'bitbucket-cloud', webUrl: server.url, credential: { type: 'token', token } },
    webhookSecret,
    faults: server.faults,
    requests: server.requests,
    violations: state.violations,
    setAdministrator: (is) => {
      state.administrator = is;
    },
    uuidOf: (login) => uuidOf(model.user(login).id),
    ...projectsOf(held, { shown, log }),
    pushOf: (project, pusher, refs) => pushWebhook(source, project, pusher, refs),
    webhooks: cloudWebhooks(source),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
