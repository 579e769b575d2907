import type { JsonObject } from '../../base/json.ts';
import type { Normalised, WebhookFormat } from '../webhook-format.ts';
import { PayloadReader } from '../webhook-payload.ts';
import { secretThatSigned } from '../webhook-signature.ts';
import { commitCommentEvent, issueCommentEvent } from './webhook-comment.ts';
import { pullRequestEvent } from './webhook-pull-request.ts';
import { repositoryEvent } from './webhook-repository.ts';
import { deleteEvent, mergeGroupEvent, pushEvent } from './webhook-push.ts';
import { checkRunEvent, checkSuiteEvent } from './webhook-rerun.ts';

/**
 * Webhooks of github.com and GitHub Enterprise Server, of the content type `application/json`. Every server that is still
 * maintained signs with HMAC-SHA256 (`X-Hub-Signature-256`); the older SHA-1 beside it is not accepted, as its forgery would be
 * enough. A delivery that is sent again keeps its id.
 */
export const githubWebhooks: WebhookFormat = {
  kind: 'github',
  // Gitea and Forgejo write this header, too.
  recognises: (headers) =>
    Boolean(headers['x-github-event']) && !headers['x-gitea-event'] && !headers['x-forgejo-event'],
  verify: (request, secrets) => secretThatSigned(request.body, request.headers['x-hub-signature-256'], secrets),
  deliveryId: (headers) => headers['x-github-delivery'] || undefined,
  eventName: (headers) => headers['x-github-event'] ?? '',
  normalise: (headers, payload) => normaliseGithub(headers['x-github-event'] ?? '', payload),
};

/** Events that are known to need nothing, and why. */
const needless: Readonly<Record<string, string>> = {
  ping: 'the webhook works',
  create: 'a new branch or tag is told by the push that comes with it',
  installation: 'installations are asked for when they are needed',
  installation_repositories: 'installations are asked for when they are needed',
};

function normaliseGithub(name: string, payload: JsonObject): Normalised {
  const reader = new PayloadReader(payload);
  switch (name) {
    case 'push':
      return pushEvent(reader);
    case 'delete':
      return deleteEvent(reader);
    case 'pull_request':
      return pullRequestEvent(reader);
    case 'issue_comment':
      return issueCommentEvent(reader);
    case 'commit_comment':
      return commitCommentEvent(reader);
    case 'check_run':
      return checkRunEvent(reader);
    case 'check_suite':
      return checkSuiteEvent(reader);
    case 'merge_group':
      return mergeGroupEvent(reader);
    case 'repository':
      return repositoryEvent(reader);
    default:
      return {
        ok: false,
        ignored: Object.hasOwn(needless, name) ? (needless[name] ?? '') : `nothing starts with the event "${name}"`,
      };
  }
}
