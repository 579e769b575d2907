/** What has to be entered at each Git host: the sections of docs/events.md, as data. */
import type { GitProvider } from '../../forge/kinds/repository.ts';

/** Hosts that `penstock setup` knows, by the words of its commands. */
export const hostNames = ['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket'] as const;
export type HostName = (typeof hostNames)[number];

/** What a person does at a host. */
export interface HostGuide {
  readonly type: NonNullable<GitProvider['type']>;
  /** Name for people. */
  readonly label: string;
  /** What a token must be allowed. */
  readonly token: string;
  /** Where its webhooks are entered. */
  readonly webhookPlace: string;
  /** What to choose besides address and secret. */
  readonly webhookSettings: readonly string[];
  readonly events: readonly string[];
}

/** The last part of the address to which a host sends webhooks. */
export function hookPathOf({ type }: HostGuide): string {
  return type;
}

/** The guide of a host. Of Bitbucket, Cloud is at bitbucket.org, and every other is a Data Center. */
export function guideOf(host: HostName, url: string): HostGuide {
  if (host !== 'bitbucket') return guides[host];
  return URL.parse(url)?.hostname === 'bitbucket.org' ? guides.bitbucketCloud : guides.bitbucketDatacenter;
}

const gitea: Omit<HostGuide, 'type' | 'label'> = {
  token:
    'an access token with write:repository, write:issue, read:organization and read:user, of an administrator of the repository',
  webhookPlace: 'Settings → Webhooks → Add Webhook, of the repository or its organisation',
  webhookSettings: ['method POST, content type application/json'],
  events: ['Push', 'Delete', 'Pull Request', 'Pull Request Label', 'Pull Request Synchronized', 'Pull Request Comment'],
};

const guides: Readonly<Record<Exclude<HostName, 'bitbucket'> | 'bitbucketCloud' | 'bitbucketDatacenter', HostGuide>> = {
  github: {
    type: 'github',
    label: 'GitHub',
    token:
      'a fine-grained token with Contents (read), Commit statuses and Pull requests (read and write); or a classic one with repo',
    webhookPlace: 'Settings → Webhooks → Add webhook, of the repository or its organisation',
    webhookSettings: ['content type application/json'],
    events: ['Pushes', 'Pull requests', 'Issue comments', 'Commit comments', 'Merge groups (only with a merge queue)'],
  },
  gitlab: {
    type: 'gitlab',
    label: 'GitLab',
    token: 'a project access token with the role Developer and the scope api',
    webhookPlace: 'Settings → Webhooks → Add new webhook, of the project or its group',
    webhookSettings: ['the secret is what GitLab calls the secret token'],
    events: ['Push events', 'Tag push events', 'Comments', 'Merge request events'],
  },
  gitea: { ...gitea, type: 'gitea', label: 'Gitea' },
  forgejo: { ...gitea, type: 'forgejo', label: 'Forgejo' },
  bitbucketCloud: {
    type: 'bitbucket-cloud',
    label: 'Bitbucket Cloud',
    token: 'an access token of the repository, project or workspace with repository:write and pullrequest:write',
    webhookPlace: 'Repository settings → Webhooks → Add webhook',
    webhookSettings: [],
    events: ['Push', 'Pull request: Created, Updated, Merged, Declined, Comment created'],
  },
  bitbucketDatacenter: {
    type: 'bitbucket-datacenter',
    label: 'Bitbucket Data Center',
    token: 'an HTTP access token with repository write',
    webhookPlace: 'Repository settings → Webhooks → Create webhook',
    webhookSettings: [],
    events: ['Push', 'Pull request: Opened, Source branch updated, Modified, Merged, Declined, Deleted, Comment added'],
  },
};

/** What a GitHub App is made with. */
export const applicationPermissions: readonly string[] = [
  'Checks: read and write',
  'Contents: read',
  'Pull requests: read and write',
  'Issues: read and write',
  'Merge queues: read (only with a merge queue)',
  'of the organisation, Members: read (only for teams in policy)',
];

export const applicationEvents: readonly string[] = [
  'Push',
  'Pull request',
  'Issue comment',
  'Commit comment',
  'Check run',
  'Check suite',
  'Merge group (only with a merge queue)',
];
