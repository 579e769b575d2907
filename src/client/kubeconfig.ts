/** Reads a kubeconfig: where a cluster is, whom to trust there, and who we are. */
import { UserError } from '../base/errors.ts';
import { isJsonList, isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import type { HttpServerAddress } from '../net/http-endpoint.ts';
import { formatDiagnostic } from '../yaml/diagnostic.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';

/** What {@link readKubeconfig} needs. */
export interface KubeconfigSource {
  readonly text: string;
  /** Name of the file, for messages. */
  readonly file: string;
  /** The context to use instead of the current one. */
  readonly context?: string;
  /** Reads a file that the kubeconfig names; relative paths are relative to the kubeconfig. Throws when it cannot. */
  readonly readFile: (path: string) => string;
  /** The caller can log in with `login/`: what only that can do is told in the result instead of being refused. */
  readonly canLogin?: true;
}

/** A way into a cluster: with a clock, the options of `createHttpTransport`. */
export interface ClusterAccess extends HttpServerAddress {
  readonly context: string;
  /** Where objects live when nothing else is said. */
  readonly namespace: string;
  /** A function when the token lies in a file, which is replaced before it expires. */
  readonly token?: string | (() => string);
  /** Only with `canLogin`: the members of cluster and user that need `login/`, such as `exec`. */
  readonly needsLogin?: readonly string[];
}

/** Members of a user that need another program or a library. */
const otherCredentials = ['exec', 'auth-provider', 'username', 'password'] as const;

/**
 * The access that a kubeconfig describes. Throws `UserError` (`KUBECONFIG`) that names the file and what is wrong: broken
 * YAML, a context, cluster or user that is not there, credentials of a kind that is not supported.
 */
export function readKubeconfig(source: KubeconfigSource): ClusterAccess {
  const config = parseConfig(source);
  const name = source.context ?? config.text('current-context');
  if (name === undefined) throw config.error('names no current context', 'set current-context, or name a context');
  const context = config.named('contexts', name, 'context');
  const cluster = config.named('clusters', context.text('cluster') ?? '', 'cluster');
  const userName = context.text('user');
  const user = userName === undefined ? undefined : config.named('users', userName, 'user');
  const needsLogin = source.canLogin ? loginMembers(cluster, user) : [];
  return {
    context: name,
    namespace: context.text('namespace') ?? 'default',
    ...addressOf(cluster, source),
    ...(needsLogin.length > 0 ? { needsLogin } : user === undefined ? {} : credentialsOf(user, source)),
  };
}

function loginMembers(cluster: Section, user: Section | undefined): readonly string[] {
  const ofUser = otherCredentials.filter((member) => user?.value(member) !== undefined);
  return cluster.value('proxy-url') === undefined ? ofUser : ['proxy-url', ...ofUser];
}

function addressOf(cluster: Section, source: KubeconfigSource): HttpServerAddress {
  const server = cluster.text('server');
  if (server === undefined) throw cluster.error('has no server');
  if (!source.canLogin && cluster.text('proxy-url') !== undefined)
    throw cluster.error('needs a proxy (proxy-url), which is not supported');
  const certificateAuthority = fileOrData(cluster, 'certificate-authority', source);
  const serverName = cluster.text('tls-server-name');
  return {
    server,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(cluster.value('insecure-skip-tls-verify') === true ? { insecureSkipTlsVerify: true } : {}),
  };
}

function credentialsOf(user: Section, source: KubeconfigSource): Pick<ClusterAccess, 'token' | 'clientCertificate'> {
  const other = otherCredentials.find((member) => user.value(member) !== undefined);
  if (other !== undefined) {
    throw user.error(`logs in with "${other}", which is not supported`, 'use a token or a client certificate');
  }
  const certificate = fileOrData(user, 'client-certificate', source);
  const key = fileOrData(user, 'client-key', source);
  if ((certificate === undefined) !== (key === undefined))
    throw user.error('needs both client-certificate and client-key');
  const token = tokenOf(user, source);
  return {
    ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
    ...(token === undefined ? {} : { token }),
  };
}

/** As in kubectl, a token in the file itself is used only when no file with a token is named. */
function tokenOf(user: Section, source: KubeconfigSource): ClusterAccess['token'] {
  const file = user.text('tokenFile');
  return file === undefined ? user.text('token') : () => readNamedFile(user, file, source).trim();
}

/** `NAME-data` in Base64, or the file that `NAME` names. */
function fileOrData(section: Section, name: string, source: KubeconfigSource): string | undefined {
  const data = section.text(`${name}-data`);
  if (data !== undefined) return decodeBase64(section, `${name}-data`, data);
  const file = section.text(name);
  return file === undefined ? undefined : readNamedFile(section, file, source);
}

function readNamedFile(section: Section, file: string, { readFile }: KubeconfigSource): string {
  try {
    return readFile(file);
  } catch (thrown) {
    throw section.error(`names the file ${file}, which cannot be read`, undefined, thrown);
  }
}

function decodeBase64(section: Section, member: string, data: string): string {
  try {
    return atob(data.replaceAll(/\s/g, ''));
  } catch (thrown) {
    throw section.error(`has a ${member} that is not Base64`, undefined, thrown);
  }
}

function parseConfig(source: KubeconfigSource): Section {
  const { documents, diagnostics } = parseYaml(source.text, source.file);
  const [broken] = diagnostics;
  if (broken !== undefined) throw new UserError(formatDiagnostic(broken), { code: 'KUBECONFIG' });
  const value = documents[0]?.value;
  const section = new Section(source.file, '', isJsonObject(value) ? value : {});
  if (!isJsonObject(value)) throw section.error('is no kubeconfig');
  return section;
}

/** An object of the file, with what is needed to complain about it. */
class Section {
  readonly #file: string;
  /** `context "x"`; empty for the whole file. */
  readonly #what: string;
  readonly #members: JsonObject;

  constructor(file: string, what: string, members: JsonObject) {
    this.#file = file;
    this.#what = what;
    this.#members = members;
  }

  /** The value of a member; `undefined` also for null and empty text, as kubectl writes what is not set. */
  value(member: string): Json | undefined {
    const value = this.#members[member];
    return value === null || value === '' ? undefined : value;
  }

  text(member: string): string | undefined {
    const value = this.value(member);
    if (value === undefined || typeof value === 'string') return value;
    throw this.error(`has a ${member} that is not text`);
  }

  /** The entry `name` of one of the lists of the file. */
  named(list: 'contexts' | 'clusters' | 'users', name: string, what: string): Section {
    const entries = this.value(list);
    const entry = isJsonList(entries)
      ? entries.find((candidate) => isJsonObject(candidate) && candidate['name'] === name)
      : undefined;
    const members = isJsonObject(entry) ? entry[what] : undefined;
    if (isJsonObject(members)) return new Section(this.#file, `${what} "${name}"`, members);
    throw this.error(`has no ${what} "${name}"`, `its ${list}: ${namesOf(entries).join(', ') || 'none'}`);
  }

  error(complaint: string, remedy?: string, cause?: unknown): UserError {
    const subject = this.#what === '' ? `the kubeconfig ${this.#file}` : `${this.#file}: ${this.#what}`;
    return new UserError(`${subject} ${complaint}`, {
      code: 'KUBECONFIG',
      ...(remedy === undefined ? {} : { remedy }),
      cause,
    });
  }
}

function namesOf(entries: Json | undefined): readonly string[] {
  if (!isJsonList(entries)) return [];
  return entries.flatMap((entry) => (isJsonObject(entry) && typeof entry['name'] === 'string' ? [entry['name']] : []));
}
