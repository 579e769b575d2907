/** From a Repository, its secrets and the App's to a {@link ForgeAccess}. */
import { UserError, type UserErrorOptions } from '../../base/errors.ts';
import type { ForgeAccess, ForgeCredential } from '../forge-directory.ts';
import type { ForgeKind } from '../git-event.ts';
import type { GitProvider, Repository, SecretKeyReference } from '../kinds/repository.ts';
import { forgeKindOf } from './forge-kind.ts';
import { withDefaults, type CompleteRepository } from './with-defaults.ts';

/** The value of a key of a Secret, read now; undefined = no such Secret or key. */
export type ReadSecret = (namespace: string, name: string, key: string) => Promise<string | undefined>;

/** What {@link accessOf} needs to know. */
export interface AccessRequest {
  readonly repository: Repository;
  /** The Repository `pipelines-as-code` of the system namespace, if there is one. */
  readonly globalRepository?: Repository;
  readonly systemNamespace: string;
  readonly readSecret: ReadSecret;
  /** Kind of the event in question. It only decides where the Repository leaves it open. */
  readonly forge?: ForgeKind;
  /** Of the event in question; absent = the forge asks for it. */
  readonly installationId?: number;
}

/** Secret of the GitHub App and of webhooks that are not a Repository's own, in the system namespace. */
export const applicationSecretName = 'pipelines-as-code-secret';
const applicationIdKey = 'github-application-id';
const applicationKeyKey = 'github-private-key';
/** Key with the host of GitHub Enterprise that the App lives at, `ghe.example.org`; without it that is github.com. */
export const applicationHostKey = 'github-enterprise-host';
const applicationHostDefault = 'github.com';
const webhookKey = 'webhook.secret';
const tokenKey = 'provider.token';

/**
 * How to reach the host of a Repository. Addresses come from the Repository alone, never from a request. Throws
 * `UserError` that names the object, Secret and key at fault, and never a value: `REPOSITORY_URL`, `REPOSITORY_PROVIDER`,
 * `REPOSITORY_HOST`, `SECRET_MISSING`, `SECRET_VALUE`.
 */
export async function accessOf(request: AccessRequest): Promise<ForgeAccess> {
  const complete = withDefaults(request.repository, request.globalRepository);
  const provider = complete.spec.git_provider ?? {};
  const { kind, webUrl } = placeOf(request, complete);
  const userAgent = complete.spec.settings?.forgejo?.user_agent;
  const apiUrl = apiUrlOf(request, provider, webUrl);
  const credential = await credentialOf(request, complete, kind);
  if (credential.type === 'github-app') await checkApplicationHost(request, [webUrl, ...Object.values(apiUrl)]);
  return {
    kind,
    webUrl,
    ...apiUrl,
    credential,
    ...(userAgent === undefined || kind !== 'gitea' ? {} : { userAgent }),
  };
}

/** The secret by which webhooks of a Repository are verified; undefined = it names none, and the App's holds. */
export async function webhookSecretOf(request: AccessRequest): Promise<string | undefined> {
  const complete = withDefaults(request.repository, request.globalRepository);
  const reference = complete.spec.git_provider?.webhook_secret;
  if (reference === undefined) return undefined;
  return secretValue(request, complete.secretNamespaces.webhook, reference, webhookKey);
}

/** The secret by which webhooks of the GitHub App are verified; undefined = there is none. */
export async function applicationWebhookSecret(
  readSecret: ReadSecret,
  systemNamespace: string,
): Promise<string | undefined> {
  const value = (await readSecret(systemNamespace, applicationSecretName, webhookKey))?.trim();
  return value === '' ? undefined : value;
}

function placeOf(
  request: AccessRequest,
  { spec }: CompleteRepository,
): { readonly kind: ForgeKind; readonly webUrl: string } {
  const url = spec.url !== undefined && URL.canParse(spec.url) ? new URL(spec.url) : undefined;
  if (url === undefined) {
    const remedy = 'write it as https://HOST/OWNER/NAME';
    throw fault(request, 'spec.url is not a URL', { code: 'REPOSITORY_URL', remedy });
  }
  const kind = forgeKindOf(spec.git_provider?.type, url, request.forge);
  if (kind === undefined) {
    throw fault(request, `nothing tells what kind of Git host ${url.host} is`, {
      code: 'REPOSITORY_PROVIDER',
      remedy:
        'set spec.git_provider.type to github, gitlab, gitea, forgejo, bitbucket-cloud, bitbucket-datacenter or git',
    });
  }
  if (kind === 'git') return { kind, webUrl: url.protocol === 'file:' ? 'file://' : `${url.protocol}//${url.host}` };
  return { kind, webUrl: webUrlOf(url, spec.git_provider?.url) };
}

/** The host's own address: with a path only where the provider's URL says that it lives under one. */
function webUrlOf(repository: URL, providerUrl: string | undefined): string {
  const base = providerUrl?.replace(/\/+$/, '');
  const isBase = base !== undefined && `${repository.origin}${repository.pathname}`.startsWith(`${base}/`);
  return isBase ? base : repository.origin;
}

function apiUrlOf(request: AccessRequest, provider: GitProvider, webUrl: string): { readonly apiUrl?: string } {
  if (provider.url === undefined || provider.url === '') return {};
  const usable = URL.canParse(provider.url) && /^https?:$/.test(new URL(provider.url).protocol);
  if (!usable) {
    throw fault(request, 'spec.git_provider.url is not a URL', {
      code: 'REPOSITORY_PROVIDER',
      remedy: 'write it as https://HOST, or leave it out',
    });
  }
  const apiUrl = provider.url.replace(/\/+$/, '');
  return apiUrl === webUrl ? {} : { apiUrl };
}

async function credentialOf(
  request: AccessRequest,
  complete: CompleteRepository,
  kind: ForgeKind,
): Promise<ForgeCredential> {
  if (kind === 'git') return { type: 'none' };
  const provider = complete.spec.git_provider;
  if (provider?.secret !== undefined) {
    const token = await secretValue(request, complete.secretNamespaces.token, provider.secret, tokenKey);
    return { type: 'token', token, ...(provider.user === undefined ? {} : { user: provider.user }) };
  }
  if (kind === 'github') return applicationOf(request);
  throw fault(request, 'no Secret with a token is named', {
    code: 'REPOSITORY_PROVIDER',
    remedy: `set spec.git_provider.secret to a Secret with the key ${tokenKey}`,
  });
}

async function applicationOf(request: AccessRequest): Promise<ForgeCredential> {
  const read = (key: string): Promise<string> =>
    secretValue(request, request.systemNamespace, { name: applicationSecretName, key }, key);
  const [id, privateKey] = [await read(applicationIdKey), await read(applicationKeyKey)];
  const place = `Secret ${request.systemNamespace}/${applicationSecretName}, key`;
  if (!/^[1-9]\d{0,14}$/.test(id)) {
    const remedy = 'store the number of the App';
    throw fault(request, `${place} ${applicationIdKey}: not a number`, { code: 'SECRET_VALUE', remedy });
  }
  if (!/^-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(privateKey)) {
    const remedy = 'store the file with the private key that GitHub made for the App, as it is';
    throw fault(request, `${place} ${applicationKeyKey}: not a private key in PEM`, { code: 'SECRET_VALUE', remedy });
  }
  return {
    type: 'github-app',
    applicationId: Number(id),
    privateKey: `${privateKey}\n`,
    ...(request.installationId === undefined ? {} : { installationId: request.installationId }),
  };
}

/**
 * What proves the App is sent to the App's own host and nowhere else: whoever may write a Repository could name a host of his
 * own, and be the App at every other one from then on.
 */
async function checkApplicationHost(request: AccessRequest, urls: readonly string[]): Promise<void> {
  const strange = hostsBeside(applicationHostDefault, urls);
  if (strange.length === 0) return;
  const { readSecret, systemNamespace } = request;
  const told = (await readSecret(systemNamespace, applicationSecretName, applicationHostKey))?.trim().toLowerCase();
  const host = told === undefined || told === '' ? applicationHostDefault : told;
  const [other] = hostsBeside(host, urls);
  if (other === undefined) return;
  throw fault(request, `the GitHub App is one of ${host}, and not of ${other}`, {
    code: 'REPOSITORY_HOST',
    remedy:
      `name a token in spec.git_provider.secret; or, if the App is one of ${other}, store that under the key ` +
      `${applicationHostKey} of Secret ${systemNamespace}/${applicationSecretName}`,
  });
}

/** Hosts of `urls` that are neither `host` nor its API. */
function hostsBeside(host: string, urls: readonly string[]): readonly string[] {
  return urls.map((url) => new URL(url).host).filter((each) => each !== host && each !== `api.${host}`);
}

/** Without the white space around it: a newline at the end of a file that became a Secret is no part of a token. */
async function secretValue(
  request: AccessRequest,
  namespace: string,
  reference: SecretKeyReference,
  defaultKey: string,
): Promise<string> {
  const key = reference.key === undefined || reference.key === '' ? defaultKey : reference.key;
  const value = (await request.readSecret(namespace, reference.name, key))?.trim();
  if (value !== undefined && value !== '') return value;
  const what = value === undefined ? 'is not there' : 'is empty';
  const remedy = `create it: kubectl -n ${namespace} create secret generic ${reference.name} --from-file=${key}=FILE`;
  const problem = `Secret ${namespace}/${reference.name}, key ${key}: ${what}`;
  throw fault(request, problem, { code: 'SECRET_MISSING', remedy });
}

function fault({ repository }: AccessRequest, problem: string, options: UserErrorOptions): UserError {
  const { namespace, name } = repository.metadata;
  return new UserError(`Repository ${namespace ?? ''}/${name ?? ''}: ${problem}`, options);
}
