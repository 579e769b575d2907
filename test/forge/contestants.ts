/** Every kind of host that the contract holds for, with what it cannot do by its nature. */
import type { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { Forge } from '../../src/forge/forge.ts';
import { startBitbucketCloud } from '../support/git-hosts/bitbucket-cloud/simulated-bitbucket-cloud.ts';
import { startBitbucketDatacenter } from '../support/git-hosts/bitbucket-datacenter/simulated-bitbucket-datacenter.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { startGithubHost } from '../support/git-hosts/github/github-host.ts';
import { startGitlab } from '../support/git-hosts/gitlab/simulated-gitlab.ts';
import { openForge } from '../support/git-hosts/opened-forge.ts';
import { startPlainGit } from '../support/git-hosts/plain-git.ts';
import type { SimulatedHost } from '../support/git-hosts/simulated-host.ts';

export interface Contestant {
  readonly name: string;
  readonly start: (clock: VirtualClock) => Promise<SimulatedHost> | SimulatedHost;
  /** Pull requests, comments, people: there is a host around the repository. */
  readonly hosted: boolean;
  readonly labels: boolean;
}

export const contestants: readonly Contestant[] = [
  { name: 'GitHub App', start: (clock) => startGithubHost({ clock }), hosted: true, labels: true },
  {
    name: 'GitHub by token',
    start: (clock) => startGithubHost({ clock, credential: 'token' }),
    hosted: true,
    labels: true,
  },
  { name: 'Gitea', start: (clock) => startGitea({ clock }), hosted: true, labels: true },
  { name: 'Forgejo', start: (clock) => startGitea({ clock, forgejo: true }), hosted: true, labels: true },
  { name: 'GitLab', start: (clock) => startGitlab({ clock }), hosted: true, labels: true },
  { name: 'Bitbucket Cloud', start: (clock) => startBitbucketCloud({ clock }), hosted: true, labels: false },
  { name: 'Bitbucket Data Center', start: (clock) => startBitbucketDatacenter({ clock }), hosted: true, labels: false },
  { name: 'plain Git', start: (clock) => startPlainGit({ clock }), hosted: false, labels: false },
];

/** A forge for a host, as Penstock opens it. */
export function forgeFor(host: SimulatedHost, clock: VirtualClock): Disposable & { readonly forge: Forge } {
  if ('forge' in host) return { forge: host.forge as Forge, [Symbol.dispose]: () => undefined };
  return openForge(host.access, clock);
}
