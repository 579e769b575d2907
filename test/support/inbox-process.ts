/** An inbox on a real SQLite store behind a real socket, in a process of its own that can be killed. */
import { createHmac } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request as openRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { createApiServer } from '../../src/apiserver/api-server.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createClient } from '../../src/client/client.ts';
import { Manager } from '../../src/controller/manager.ts';
import { gitWebhooks } from '../../src/forge/git/webhook-format.ts';
import { repositories } from '../../src/forge/kinds/repository.ts';
import { isApiError } from '../../src/kube/api-error.ts';
import { namespaces, secrets } from '../../src/kube/core-types.ts';
import { trustedUser } from '../../src/kube/user.ts';
import { servedKinds } from '../../src/schema/served-kinds.ts';
import { createHooksMount } from '../../src/server/hooks-mount.ts';
import { startListener } from '../../src/server/listener.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { createInbox } from '../../src/triggers/inbox/create-inbox.ts';
import { secretReader } from '../../src/triggers/secret-reader.ts';

const systemNamespace = 'penstock';
const secret = 'knock';
const secretName = 'hook';

/** Serves the inbox on the store in `directory` and says its port; ends only by being killed. */
export async function serveInbox(directory: string): Promise<void> {
  const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const store = openSqliteStore({ directory, clock: systemClock });
  const api = createApiServer({ ...parts, store, kinds: servedKinds });
  // As those outside use it: a write is on disk when it is answered.
  const client = createClient((request) => api.handleAs(trustedUser, request));
  const manager = new Manager({ ...parts, client });
  const known = manager.informer(repositories);
  await prepare(client);
  await manager.start();
  const readSecret = secretReader(client);
  const formats = [gitWebhooks];
  const receiver = createInbox({ ...parts, client, systemNamespace, formats, repositories: known, readSecret });
  const listener = await startListener({ mount: createHooksMount({ ...parts, receiver }) });
  process.stdout.write(`${listener.port}\n`);
}

/** What there must be before a webhook can be verified. */
async function prepare(client: ReturnType<typeof createClient>): Promise<void> {
  const ignoreKnown = (thrown: unknown): void => {
    if (!isApiError(thrown, 'AlreadyExists')) throw thrown;
  };
  const metadata = { name: systemNamespace };
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata }).catch(ignoreKnown);
  const place = { name: secretName, namespace: systemNamespace };
  const hook = { apiVersion: 'v1', kind: 'Secret', metadata: place, stringData: { 'webhook.secret': secret } };
  await client.create(secrets, hook).catch(ignoreKnown);
  await client
    .create(repositories, {
      apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
      kind: 'Repository',
      metadata: { name: 'app', namespace: systemNamespace },
      spec: { url: 'file:///srv/app', git_provider: { type: 'git', webhook_secret: { name: secretName } } },
    })
    .catch(ignoreKnown);
}

/** The inbox of another process. `program` calls {@link serveInbox} with the folder it is given. */
export class InboxProcess {
  readonly #port: number;
  readonly kill: () => Promise<void>;

  private constructor(port: number, kill: () => Promise<void>) {
    this.#port = port;
    this.kill = kill;
  }

  static async start(program: string, directory: string): Promise<InboxProcess> {
    const child = spawn(process.execPath, [program, 'serve', directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return new InboxProcess(Number(line), async () => {
      child.kill('SIGKILL');
      await ended;
    });
  }

  /** Sends the push with this number; answers the HTTP status, and the name of the Delivery. Rejects when nobody answers. */
  async push(number: number): Promise<{ readonly status: number; readonly delivery: string }> {
    const refs = [{ ref: 'refs/heads/main', before: '0'.repeat(40), after: number.toString(16).padStart(40, '0') }];
    const payload = { repository: { url: 'file:///srv/app' }, pusher: 'a', receivedAt: '2026-01-01T00:00:00Z', refs };
    const body = JSON.stringify(payload);
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = { 'x-penstock-signature': signature };
    const path = '/hooks/git';
    const sent = openRequest({ host: '127.0.0.1', port: this.#port, path, method: 'POST', headers, agent: false });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const answer = JSON.parse(await text(response)) as { readonly status: number; readonly delivery: string };
    return answer;
  }
}
