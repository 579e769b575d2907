/** The hosts that scenarios run on, and the words in which each shows a course of events. */
import type { Clock } from '../../../src/base/clock.ts';
import { startBitbucketCloud } from '../git-hosts/bitbucket-cloud/simulated-bitbucket-cloud.ts';
import { startBitbucketDatacenter } from '../git-hosts/bitbucket-datacenter/simulated-bitbucket-datacenter.ts';
import { startGitea } from '../git-hosts/gitea/simulated-gitea.ts';
import { startGithubHost } from '../git-hosts/github/github-host.ts';
import { startGitlab } from '../git-hosts/gitlab/simulated-gitlab.ts';
import type { SimulatedHost } from '../git-hosts/simulated-host.ts';

/** What is told of a run, in the words of all hosts. */
export type Told = 'queued' | 'running' | 'succeeded' | 'failed' | 'error' | 'cancelled' | 'awaiting approval';

export interface ScenarioHost {
  readonly name: string;
  readonly start: (clock: Clock) => Promise<SimulatedHost>;
  readonly words: Readonly<Record<Told, string>>;
  /** What is shown of an attempt when a newer one takes its place. */
  readonly replaced: readonly string[];
}

const bitbucketWords = {
  queued: 'INPROGRESS',
  running: 'INPROGRESS',
  succeeded: 'SUCCESSFUL',
  failed: 'FAILED',
  error: 'FAILED',
  'awaiting approval': 'INPROGRESS',
} as const;

export const scenarioHosts: readonly ScenarioHost[] = [
  {
    name: 'GitHub, as an App',
    start: (clock) => startGithubHost({ clock }),
    words: {
      queued: 'queued',
      running: 'in_progress',
      succeeded: 'completed/success',
      failed: 'completed/failure',
      error: 'completed/failure',
      cancelled: 'completed/cancelled',
      'awaiting approval': 'queued',
    },
    replaced: [],
  },
  {
    name: 'GitLab',
    start: (clock) => startGitlab({ clock }),
    words: {
      queued: 'pending',
      running: 'running',
      succeeded: 'success',
      failed: 'failed',
      error: 'failed',
      cancelled: 'canceled',
      'awaiting approval': 'pending',
    },
    // A row of GitLab's that is open takes neither another link nor another description: it is ended, and another one follows.
    replaced: ['canceled'],
  },
  {
    name: 'Gitea',
    start: (clock) => startGitea({ clock }),
    words: {
      queued: 'pending',
      running: 'pending',
      succeeded: 'success',
      failed: 'failure',
      error: 'error',
      cancelled: 'error',
      'awaiting approval': 'pending',
    },
    replaced: [],
  },
  {
    name: 'Bitbucket Cloud',
    start: (clock) => startBitbucketCloud({ clock }),
    words: { ...bitbucketWords, cancelled: 'STOPPED' },
    replaced: [],
  },
  {
    name: 'Bitbucket Data Center',
    start: (clock) => startBitbucketDatacenter({ clock }),
    words: { ...bitbucketWords, cancelled: 'CANCELLED' },
    replaced: [],
  },
];
