import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { stableJson } from '../base/json.ts';
import type { Random } from '../base/random.ts';
import { createFetch, type FetchLike, type OutgoingFetch, type ProxySettings } from '../net/outgoing-fetch.ts';
import type { Logger } from '../telemetry/logger.ts';
import { buildState as cloudState } from './bitbucket-cloud/status-words.ts';
import { buildState as datacenterState } from './bitbucket-datacenter/status-words.ts';
import { Budget } from './calls/budget.ts';
import { budgetedFetch } from './calls/budgeted-fetch.ts';
import type { ForgeAccess, ForgeDirectory } from './forge-directory.ts';
import { ForgeError, type Forge, type StatusState } from './forge.ts';
import type { CreateForge } from './forge-parts.ts';
import type { ForgeKind } from './git-event.ts';
import { giteaState } from './gitea/status-words.ts';
import { githubState } from './github/status-words.ts';
import { gitlabState } from './gitlab/status-words.ts';
import { lazyForge } from './lazy-forge.ts';
import { fencedFetch, fencedForge, type PostFence } from './post-fence.ts';

/** What {@link openForges} needs. */
export interface OpenForgesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly proxy?: ProxySettings;
  /** PEM certificates of the authorities to trust instead of the system's. */
  readonly certificateAuthority?: string;
  /** The plain Git host, which reaches repositories by disk and SSH instead of HTTP; absent = it cannot be used. */
  readonly git?: Forge;
  /** Longest a call waits for its budget, in milliseconds. */
  readonly waitMsMax?: number;
  /** Shortest time between two writes under one credential, in milliseconds. Default 0. */
  readonly writeSpacingMs?: number;
  /** Sees every request as it goes out, within its budget; for measurements and tests. */
  readonly observeFetch?: (fetch: FetchLike) => FetchLike;
}

/** A {@link ForgeDirectory} that holds connections. */
export interface OpenForges extends ForgeDirectory, Disposable {
  /** The same hosts, connections and budgets, but forges that change nothing at a host unless `fence` is open. */
  within(fence: PostFence): ForgeDirectory;
  /** Closes the connections; calls that are under way fail. */
  close(): void;
}

/** Forges that are kept open: a rotated token makes another one, and the one least used goes. */
const openForgesMax = 1_000;

/** A kind of host that is reached by HTTP. */
interface HttpKind {
  /** Its word for a state, which must be known before its code is loaded. */
  readonly hostState: (access: ForgeAccess, state: StatusState) => string;
  readonly load: () => Promise<CreateForge>;
}

const httpKinds: Readonly<Partial<Record<ForgeKind, HttpKind>>> = {
  'bitbucket-cloud': {
    hostState: (_access, state) => cloudState(state),
    load: async () => (await import('./bitbucket-cloud/bitbucket-cloud-forge.ts')).createBitbucketCloudForge,
  },
  'bitbucket-datacenter': {
    hostState: (_access, state) => datacenterState(state),
    load: async () =>
      (await import('./bitbucket-datacenter/bitbucket-datacenter-forge.ts')).createBitbucketDatacenterForge,
  },
  gitea: {
    hostState: (_access, state) => giteaState(state),
    load: async () => (await import('./gitea/gitea-forge.ts')).createGiteaForge,
  },
  gitlab: {
    hostState: (_access, state) => gitlabState(state),
    load: async () => (await import('./gitlab/gitlab-forge.ts')).createGitlabForge,
  },
  github: {
    hostState: githubState,
    load: async () => (await import('./github/github-forge.ts')).createGithubForge,
  },
};

interface OpenForge {
  readonly forge: Forge;
  readonly hostKey: string;
}

interface Host {
  readonly budget: Budget;
  readonly fetch: OutgoingFetch;
}

/**
 * A directory of forges over real connections. The same access gives the same forge; forges under one credential share its
 * budget and connections. A host that an access names may lie in a private network, others that it redirects to may not.
 */
export function openForges(options: OpenForgesOptions): OpenForges {
  const forges = new Map<string, OpenForge>();
  const hosts = new Map<string, Host>();
  const hostOf = (access: ForgeAccess, key: string): Host => {
    const known = hosts.get(key) ?? openHost(options, access);
    hosts.set(key, known);
    return known;
  };
  const closeHost = (key: string): void => {
    hosts.get(key)?.fetch.close();
    hosts.delete(key);
  };
  const dropOldest = (): void => {
    const [oldest] = forges;
    if (forges.size <= openForgesMax || oldest === undefined) return;
    forges.delete(oldest[0]);
    const hostKey = oldest[1].hostKey;
    if (![...forges.values()].some((open) => open.hostKey === hostKey)) closeHost(hostKey);
  };
  const close = (): void => [...hosts.keys()].forEach(closeHost);
  const directory = (fence: PostFence | undefined, prefix: string): ForgeDirectory => ({
    open(access) {
      if (access.kind === 'git') return plainGit(options, fence);
      const key = prefix + digest(access);
      const hostKey = digest([apiHostsOf(access), access.credential]);
      const forge = forges.get(key)?.forge ?? makeForge(options, access, hostOf(access, hostKey), fence);
      // Kept in order of use.
      forges.delete(key);
      forges.set(key, { forge, hostKey });
      dropOldest();
      return forge;
    },
  });
  let fences = 0;
  return {
    ...directory(undefined, ''),
    within(fence) {
      const prefix = `${++fences} `;
      // Behind a fence that is closed for good they are of no use to anybody.
      const forget = (): void => {
        for (const key of forges.keys()) if (key.startsWith(prefix)) forges.delete(key);
      };
      fence.signal.addEventListener('abort', forget, { once: true });
      return directory(fence, prefix);
    },
    close,
    [Symbol.dispose]: close,
  };
}

function openHost(options: OpenForgesOptions, access: ForgeAccess): Host {
  const { clock, waitMsMax, writeSpacingMs, proxy, certificateAuthority } = options;
  const allowedHosts = apiHostsOf(access);
  return {
    budget: new Budget({
      clock,
      host: allowedHosts[0] ?? access.kind,
      ...(waitMsMax === undefined ? {} : { waitMsMax }),
      ...(writeSpacingMs === undefined ? {} : { writeSpacingMs }),
    }),
    fetch: createFetch({
      clock,
      allowedHosts,
      ...(proxy === undefined ? {} : { proxy }),
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    }),
  };
}

function plainGit({ git }: OpenForgesOptions, fence: PostFence | undefined): Forge {
  if (git === undefined) return unsupported('git');
  return fence === undefined ? git : fencedForge(git, fence);
}

function makeForge(options: OpenForgesOptions, access: ForgeAccess, host: Host, fence: PostFence | undefined): Forge {
  const { clock, random, logger, observeFetch = (fetch: FetchLike): FetchLike => fetch } = options;
  const { hostState, load } = httpKinds[access.kind] ?? unsupported(access.kind);
  const wordFor = (state: StatusState): string => hostState(access, state);
  return lazyForge(access.kind, wordFor, async () => {
    const createForge = await load();
    const observed = observeFetch(host.fetch);
    // Asked last: a request may have waited for its budget for longer than the leadership has lasted.
    const sent = fence === undefined ? observed : fencedFetch(observed, fence);
    const fetch = budgetedFetch({ fetch: sent, budget: host.budget, clock, random });
    return createForge({ access, fetch, clock, random, logger: logger.child({ forge: access.kind }) });
  });
}

function unsupported(kind: ForgeKind): never {
  throw new ForgeError('refused', `Git hosts of the kind ${kind} cannot be used here`);
}

/** Hosts an access names, the one of the API first. */
function apiHostsOf(access: ForgeAccess): readonly string[] {
  const urls = [access.apiUrl, access.webUrl].filter((url) => url !== undefined && URL.canParse(url));
  return [...new Set(urls.map((url) => new URL(url ?? '').host))];
}

/** So that no secret becomes a key of a table. */
function digest(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex');
}
