import { bitbucketCloudWebhooks } from './bitbucket-cloud/webhook-format.ts';
import { bitbucketDatacenterWebhooks } from './bitbucket-datacenter/webhook-format.ts';
import { gitWebhooks } from './git/webhook-format.ts';
import { giteaWebhooks } from './gitea/webhook-format.ts';
import { githubWebhooks } from './github/webhook-format.ts';
import { gitlabWebhooks } from './gitlab/webhook-format.ts';
import type { WebhookFormat } from './webhook-format.ts';

/** How the webhooks of every kind of host are read, in the order in which their headers are looked at. */
export const webhookFormats: readonly WebhookFormat[] = [
  giteaWebhooks,
  githubWebhooks,
  gitlabWebhooks,
  bitbucketDatacenterWebhooks,
  bitbucketCloudWebhooks,
  gitWebhooks,
];

/** The format whose headers these are. */
export function formatOf(headers: Readonly<Record<string, string>>): WebhookFormat | undefined {
  return webhookFormats.find((format) => format.recognises(headers));
}
