/**
 * A real kube-apiserver on a real etcd, as envtest starts them: on loopback, with throw-away keys, in memory where the
 * machine has a file system there. No scheduler, no controller manager, no kubelet: tests play those themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { sleep } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { ApiClient } from '../../src/client/api-client.ts';
import { createClient } from '../../src/client/client.ts';
import { readKubeconfig } from '../../src/client/kubeconfig.ts';
import { type HttpTransport, type HttpTransportOptions, createHttpTransport } from '../../src/net/http-transport.ts';
import { createCertificate } from '../../src/server/certificate.ts';
import { findRealApi } from './real-api-binaries.ts';

/** On a busy machine of two cores a start takes about ten seconds. */
const startMsMax = 90_000;
const pollMs = 100;
/** etcd and the API server end at once when asked; who does not is killed. */
const stopMsMax = 5_000;
const logCharactersShown = 4_000;
const apiServerName = 'kube-apiserver';
/** Linux gives ports from 32768 on to connections and to those that listen anywhere. */
const [portMin, portMax] = [20_000, 32_000];

/** Who may call a {@link RealApi}. */
export interface RealApiUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The user of {@link RealApi.client}: may do everything. */
export const administrator: RealApiUser = { name: 'admin', groups: ['system:masters'] };

/** A running API server. */
export interface RealApi extends AsyncDisposable {
  readonly kind: 'programs' | 'cluster';
  readonly server: string;
  /** PEM; absent for a cluster of the user's. */
  readonly certificateAuthority?: string;
  /** As {@link administrator}. */
  readonly client: ApiClient;
  /** A connection of its own, as the administrator or as another user of {@link startRealApi}. */
  connect(userName?: string): HttpTransport;
  /** The token of a user, for clients of others. */
  tokenOf(userName: string): string;
  /** Ends the API server, and starts it anew on the same data after `meanwhile`; not for a cluster of the user's. */
  outage(meanwhile: () => Promise<void>): Promise<void>;
  /** Forgets the history of all objects, so that watches of the past are told 410 once the API server is new. */
  compact(): Promise<void>;
  /** Process ids, to measure what they cost; empty for a cluster. */
  processes(): Readonly<Record<string, number>>;
}

/** What {@link startRealApi} can be told. */
export interface RealApiOptions {
  /** Besides the {@link administrator}; without rights until some are given. */
  readonly users?: readonly RealApiUser[];
  /** Admission plugins to leave out. */
  readonly withoutPlugins?: readonly string[];
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
}

/** Starts one. Throws when this machine has none: ask `whyNoRealApi` first. */
export async function startRealApi(options: RealApiOptions = {}): Promise<RealApi> {
  const source = findRealApi();
  if (source.kind === 'absent') throw new Error(source.reason);
  if (source.kind === 'cluster') return useCluster(source.kubeconfig);
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'penstock-real-api-'));
  const programs = new Programs(directory);
  try {
    return await startPrograms(source, options, directory, programs);
  } catch (error) {
    await programs.stop();
    throw error;
  }
}

async function startPrograms(
  source: { readonly apiServer: string; readonly etcd: string },
  options: RealApiOptions,
  directory: string,
  programs: Programs,
): Promise<RealApi> {
  const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const users = [administrator, ...(options.users ?? [])].map((user) => ({
    ...user,
    token: randomBytes(16).toString('hex'),
  }));
  const certificateAuthority = writeSecrets(directory, users);
  programs.start('etcd', source.etcd, etcdFlags(directory, clientPort, peerPort));
  // Nobody makes the service accounts that the plugin of this name would demand.
  const withoutPlugins = ['ServiceAccount', ...(options.withoutPlugins ?? [])];
  const flags = [
    ...apiServerFlags(directory, clientPort, port),
    `--disable-admission-plugins=${withoutPlugins.join(',')}`,
    ...(options.flags ?? []),
  ];
  const startServer = (): void => programs.start(apiServerName, source.apiServer, flags);
  startServer();
  const tokenOf = (name: string): string => {
    const user = users.find((one) => one.name === name);
    if (user === undefined) throw new Error(`the API server was started without a user "${name}"`);
    return user.token;
  };
  const server = `https://127.0.0.1:${port}`;
  const connections = new Connections((userName) => ({ server, certificateAuthority, token: tokenOf(userName) }));
  const ready = (): Promise<void> =>
    programs.until('the API server is ready', () => isReady(connections.administrator));
  await ready();
  return {
    kind: 'programs',
    server,
    certificateAuthority,
    client: createClient(connections.administrator),
    connect: (userName) => connections.open(userName),
    tokenOf,
    async outage(meanwhile) {
      await programs.end(apiServerName);
      await meanwhile();
      startServer();
      await ready();
    },
    compact: () => compactEtcd(`http://127.0.0.1:${clientPort}`),
    processes: () => programs.ids(),
    async [Symbol.asyncDispose]() {
      connections.close();
      await programs.stop();
    },
  };
}

function useCluster(kubeconfig: string): RealApi {
  const readFile = (path: string): string => readFileSync(resolvePath(dirname(kubeconfig), path), 'utf8');
  const access = readKubeconfig({ text: readFileSync(kubeconfig, 'utf8'), file: kubeconfig, readFile });
  const notOurs = new Error("a cluster of the user's is left running");
  const noTokens = (name: string): never => {
    throw new Error(`a cluster of the user's has no token of "${name}" for us`);
  };
  const connections = new Connections((userName) => (userName === administrator.name ? access : noTokens(userName)));
  return {
    kind: 'cluster',
    server: access.server,
    client: createClient(connections.administrator),
    connect: (userName) => connections.open(userName),
    tokenOf: noTokens,
    outage: () => Promise.reject(notOurs),
    compact: () => Promise.reject(notOurs),
    processes: () => ({}),
    [Symbol.asyncDispose]: () => Promise.resolve(connections.close()),
  };
}

type Access = Omit<HttpTransportOptions, 'clock'>;

/** All connections to one API server. */
class Connections {
  readonly administrator: HttpTransport;
  readonly #accessOf: (userName: string) => Access;
  readonly #all: HttpTransport[] = [];

  constructor(accessOf: (userName: string) => Access) {
    this.#accessOf = accessOf;
    this.administrator = this.open();
  }

  open(userName = administrator.name): HttpTransport {
    const transport = createHttpTransport({ ...this.#accessOf(userName), clock: systemClock });
    this.#all.push(transport);
    return transport;
  }

  close(): void {
    for (const transport of this.#all) transport.close();
  }
}

async function isReady(transport: HttpTransport): Promise<boolean> {
  try {
    const ask = (path: string) => transport({ method: 'GET', path, query: {}, headers: {} });
    // The namespace is made by the API server itself, a moment after it is ready.
    return (await ask('/readyz')).status === 200 && (await ask('/api/v1/namespaces/default')).status === 200;
  } catch {
    return false;
  }
}

function etcdFlags(directory: string, clientPort: number, peerPort: number): readonly string[] {
  const [client, peer] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=error',
    '--logger=zap',
  ];
}

function apiServerFlags(directory: string, etcdPort: number, port: number): readonly string[] {
  const file = (name: string): string => join(directory, name);
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${file('certificates')}`,
    `--tls-cert-file=${file('tls.crt')}`,
    `--tls-private-key-file=${file('tls.key')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${file('service-accounts.key')}`,
    `--service-account-key-file=${file('service-accounts.key')}`,
    '--allow-privileged=true',
    '--v=0',
  ];
}

async function compactEtcd(url: string): Promise<void> {
  const ask = async (path: string, body: JsonObject): Promise<JsonObject> => {
    const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd: ${await answer.text()}`);
    return (await answer.json()) as JsonObject;
  };
  const { header } = await ask('kv/range', { key: Buffer.from('/').toString('base64'), limit: 1 });
  await ask('kv/compaction', { revision: (header as JsonObject)['revision'] ?? '', physical: true });
}

/** Writes keys and tokens; answers the certificate that the server will show. */
function writeSecrets(directory: string, users: readonly (RealApiUser & { readonly token: string })[]): string {
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text, { mode: 0o600 });
  const tls = createCertificate({ hosts: ['127.0.0.1'], nowMs: systemClock.now(), serial: randomBytes(16) });
  write('tls.crt', tls.certificate);
  write('tls.key', tls.key);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  write('service-accounts.key', privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  const lines = users.map(({ token, name, groups }) => `${token},${name},${name},"${groups.join(',')}"`);
  write('tokens.csv', `${lines.join('\n')}\n`);
  return tls.certificate;
}

/** The programs of one API server, and their folder. They end with this process at the latest. */
class Programs {
  readonly #directory: string;
  readonly #children = new Map<string, ChildProcess>();
  readonly #killAll = (): void => {
    for (const child of this.#children.values()) child.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  };

  constructor(directory: string) {
    this.#directory = directory;
    process.once('exit', this.#killAll);
  }

  start(name: string, program: string, flags: readonly string[]): void {
    const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(this.#logPath(name), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.on('error', (error) => log.write(`${String(error)}\n`));
    child.on('close', () => log.end());
    this.#children.set(name, child);
  }

  async end(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child) await endOf(child);
  }

  ids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#children].map(([name, { pid = 0 }]) => [name, pid]));
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const endMs = systemClock.monotonicMs() + startMsMax;
    while (!(await condition())) {
      const ended = [...this.#children].find(([, child]) => hasEnded(child) || child.pid === undefined);
      if (ended) throw new Error(`${ended[0]} ended: ${this.#logOf(ended[0])}`);
      if (systemClock.monotonicMs() > endMs) {
        const logs = [...this.#children.keys()].map((name) => `${name}: ${this.#logOf(name)}`);
        throw new Error(`waited ${startMsMax} ms until ${what}\n${logs.join('\n')}`);
      }
      await sleep(systemClock, pollMs);
    }
  }

  async stop(): Promise<void> {
    process.off('exit', this.#killAll);
    for (const child of [...this.#children.values()].toReversed()) await endOf(child);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #logPath(name: string): string {
    return join(this.#directory, `${name}.log`);
  }

  #logOf(name: string): string {
    const path = this.#logPath(name);
    return existsSync(path) ? readFileSync(path, 'utf8').slice(-logCharactersShown) : 'it logged nothing';
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const cancel = systemClock.schedule(stopMsMax, () => child.kill('SIGKILL'));
  await ended;
  cancel();
}

/**
 * Ports that nobody uses at present, below those that systems give to whoever asks for any: a port must stay free until the
 * program listens, and while it is down for a moment.
 */
async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(portMin, portMax);
    if (!found.includes(port) && (await isFree(port))) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
