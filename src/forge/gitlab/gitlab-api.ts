import {
  Branches,
  Commits,
  GroupMembers,
  Groups,
  MergeRequestNotes,
  MergeRequests,
  ProjectMembers,
  Projects,
  Repositories,
  RepositoryFiles,
  Tags,
  Users,
} from '@gitbeaker/rest';
import { errorText } from '../../base/errors.ts';
import { errorOfAnswer, errorOfThrown } from '../calls/forge-problems.ts';
import type { ForgeParts } from '../forge-parts.ts';
import { ForgeError } from '../forge.ts';

type Options = ConstructorParameters<typeof Commits>[0];
type RequesterFn = NonNullable<Options['requesterFn']>;
type Requester = ReturnType<RequesterFn>;
type CallOptions = NonNullable<Parameters<Requester['post']>[1]>;
type Answer = Awaited<ReturnType<Requester['get']>>;

/** The parts of GitLab's API that are used, over the `fetch` of a forge. Every call throws {@link ForgeError}. */
export interface GitlabApi {
  /** Name of the host, for messages. */
  readonly host: string;
  readonly branches: InstanceType<typeof Branches>;
  readonly commits: InstanceType<typeof Commits>;
  readonly files: InstanceType<typeof RepositoryFiles>;
  readonly groupMembers: InstanceType<typeof GroupMembers>;
  readonly groups: InstanceType<typeof Groups>;
  readonly mergeRequests: InstanceType<typeof MergeRequests>;
  readonly notes: InstanceType<typeof MergeRequestNotes>;
  readonly projectMembers: InstanceType<typeof ProjectMembers>;
  readonly projects: InstanceType<typeof Projects>;
  readonly repositories: InstanceType<typeof Repositories>;
  readonly tags: InstanceType<typeof Tags>;
  readonly users: InstanceType<typeof Users>;
}

/** Opens GitLab's API. The library neither waits nor repeats nor ends calls by itself: all of that is for the `fetch` given. */
export function openGitlabApi(parts: ForgeParts): GitlabApi {
  const host = hostOf(parts.access.apiUrl ?? parts.access.webUrl);
  const options: Options = {
    host,
    oauthToken: tokenOf(parts),
    camelize: false,
    queryTimeout: null,
    requesterFn: requesterOf(parts),
  };
  return {
    host: new URL(host).host,
    branches: new Branches(options),
    commits: new Commits(options),
    files: new RepositoryFiles(options),
    groupMembers: new GroupMembers(options),
    groups: new Groups(options),
    mergeRequests: new MergeRequests(options),
    notes: new MergeRequestNotes(options),
    projectMembers: new ProjectMembers(options),
    projects: new Projects(options),
    repositories: new Repositories(options),
    tags: new Tags(options),
    users: new Users(options),
  };
}

/** The token of an access. Throws when it has none. */
export function tokenOf({ access }: ForgeParts): string {
  if (access.credential.type === 'token') return access.credential.token;
  throw new ForgeError(
    'unauthorized',
    `${access.webUrl}: GitLab needs a token (git_provider.secret of the Repository)`,
  );
}

/** What a call gives. The library joins pages by itself, and fails in its own way when one of them is no list. */
export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    if (thrown instanceof ForgeError) throw thrown;
    throw new ForgeError('bad-answer', `GitLab: ${errorText(thrown)}`, { cause: thrown });
  }
}

/** What a call gives, or undefined when GitLab says that there is no such thing. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await answered(call);
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** The library adds `/api/v4` itself; people write it, or not. */
function hostOf(url: string): string {
  return url.replace(/\/$/, '').replace(/\/api\/v4$/, '');
}

function requesterOf(parts: ForgeParts): RequesterFn {
  return ({ url: base }) => {
    const send = (method: string) => (endpoint: string, options?: CallOptions) =>
      exchange(parts, method, new URL(`${base.replace(/\/$/, '')}/${endpoint}`), options ?? {});
    const calls = {
      get: send('GET'),
      post: send('POST'),
      put: send('PUT'),
      patch: send('PATCH'),
      delete: send('DELETE'),
    };
    return calls as Requester;
  };
}

async function exchange(parts: ForgeParts, method: string, url: URL, options: CallOptions): Promise<Answer> {
  url.search = queryOf(options.searchParams ?? {});
  const token = tokenOf(parts);
  const name = { host: url.host, call: `${method} ${url.pathname}`, secrets: [token] };
  const body = options.body === undefined ? {} : { body: JSON.stringify(snakeCased(options.body)) };
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    ...(parts.access.userAgent === undefined ? {} : { 'user-agent': parts.access.userAgent }),
    ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  try {
    const response = await parts.fetch(url, { method, headers, ...body });
    const text = await response.text();
    const header = (key: string): string | undefined => response.headers.get(key) ?? undefined;
    if (!response.ok) throw errorOfAnswer(name, { status: response.status, header, text }, parts.clock.now());
    const isJson = header('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: isJson ? parsed(text) : text,
    };
  } catch (thrown) {
    if (thrown instanceof SyntaxError)
      throw new ForgeError('bad-answer', `${name.host}: ${name.call}: ${thrown.message}`);
    throw errorOfThrown(name, thrown);
  }
}

function parsed(text: string): Answer['body'] {
  return JSON.parse(text) as Answer['body'];
}

function queryOf(params: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(snakeCased(params)).filter(([, value]) => value !== undefined);
  return new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** The library takes names as JavaScript writes them; GitLab wants `target_url`. */
function snakeCased(members: object): Record<string, unknown> {
  const renamed = Object.entries(members).map(([name, value]): [string, unknown] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(renamed);
}
