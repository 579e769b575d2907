import { createHmac } from 'node:crypto';
import { systemClock } from '../base/system-clock.ts';
import type { ServeOptions } from '../cli/environment.ts';
import { createClient } from '../client/client.ts';
import { repositories } from '../forge/kinds/repository.ts';
import { isApiError } from '../kube/api-error.ts';
import { namespaces } from '../kube/core-types.ts';
import { trustedUser } from '../kube/user.ts';
import { createCloneMount } from '../server/clone-mount.ts';
import { createDetailsMount, detailsPath } from '../server/details-mount.ts';
import { createHooksMount } from '../server/hooks-mount.ts';
import type { Listener } from '../server/listener.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Credentials } from './credentials.ts';
import type { Embedded } from './embedded.ts';
import type { ProcessEnvironment } from './environment.ts';
import { GitEvents, type GitEventsOptions } from './git-events.ts';
import { gitSurroundings } from './git-surroundings.ts';
import { listenOn } from './listen.ts';

/** Where Penstock keeps what is its own in the embedded API. */
export const embeddedNamespace = 'penstock';
/** Below it steps clone plain repositories. */
const clonePath = '/git';

/** What `penstock serve` has to do with Git hosts; copies of repositories behind SSH are kept below its data. */
export function openServedGit(
  parts: Pick<GitEventsOptions, 'clock' | 'random' | 'logger' | 'metrics'>,
  directory: string,
  { token }: Credentials,
  environment: ProcessEnvironment,
): GitEvents {
  return new GitEvents({
    ...parts,
    systemNamespace: embeddedNamespace,
    servesPages: true,
    proxy: environment.proxy,
    git: { surroundings: gitSurroundings(environment), cache: directory, cloneKey: cloneKeyOf(token) },
  });
}

/** Made from what only this home knows, and good for nothing else. */
function cloneKeyOf(token: string): string {
  return createHmac('sha256', token).update('clone').digest('hex');
}

/** Listens for webhooks, and lets steps clone plain repositories, where `--hooks-port` says. */
export async function listenForHooks(
  git: GitEvents,
  { client, server, manager, logs }: Embedded,
  hooks: ServeOptions['hooks'],
  logger: Logger,
): Promise<Listener | undefined> {
  await makeNamespace(client);
  if (hooks === undefined) {
    git.servedPages(undefined);
    return undefined;
  }
  const { clones } = git;
  // A host that is told "accepted" forgets: unlike controllers, who look again, the inbox waits for the disk.
  const durable = createClient((request) => server.handleAs(trustedUser, request));
  const known = manager.informer(repositories);
  const receiver = git.inbox(durable, known);
  const cloning =
    clones && createCloneMount({ prefix: clonePath, handle: (request) => clones.handle(request), logger });
  const pages = git.pages({ client, ...(logs === undefined ? {} : { archive: logs }) });
  const otherwise = createDetailsMount({
    pages,
    ...(cloning === undefined ? {} : { otherwise: cloning }),
  });
  const mount = createHooksMount({ receiver, clock: systemClock, logger, otherwise });
  const listener = await listenOn({ mount, ...hooks }, '--hooks-port');
  git.servedPages(`${reachable(listener.url)}${detailsPath}`);
  if (clones) clones.address = `${listener.url}${clonePath}`;
  void git.collectWaitingPushes(known.list());
  return listener;
}

/** Who listens on all addresses is found at this machine's own. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

async function makeNamespace(client: Embedded['client']): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: embeddedNamespace } };
  try {
    await client.create(namespaces, namespace);
  } catch (thrown) {
    if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
  }
}
