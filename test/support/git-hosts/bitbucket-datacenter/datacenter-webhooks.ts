/** Webhooks as Bitbucket Data Center's page "Event payload" shows them. */
import { createHmac } from 'node:crypto';
import type { Project } from '../../../../src/forge/git-event.ts';
import { type HeldModel, webhooksOf } from '../held-model.ts';
import type { SentWebhook, SimulatedHost } from '../simulated-host.ts';
import * as json from './datacenter-json.ts';

const none = '0'.repeat(40);

/** One changed ref of a push; an absent end = it was made, or deleted. */
export interface ChangedRef {
  readonly id: string;
  readonly from?: string;
  readonly to?: string;
}

/** What the bodies are made of. */
export interface WebhookSource extends HeldModel {
  readonly url: () => string;
  readonly secret: string;
}

function sent({ model, secret }: WebhookSource, eventKey: string, actor: string, members: object): SentWebhook {
  const date = new Date(model.clock.now()).toISOString().replace(/\.\d+Z/, '+0000');
  const body = JSON.stringify({ eventKey, date, actor: json.userJson(model.user(actor)), ...members });
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Atlassian HttpClient 2.1.5 / Bitbucket-8.19.0 (8019000) / Default',
      'x-event-key': eventKey,
      'x-request-id': `request-${model.nextId()}`,
      'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  };
}

export function pushWebhook(
  source: WebhookSource,
  project: Project,
  pusher: string,
  refs: readonly ChangedRef[],
): SentWebhook {
  const changes = refs.map(({ id, from = none, to = none }) => {
    const displayId = id.replace(/^refs\/(?:heads|tags)\//, '');
    const ref = { id, displayId, type: id.startsWith('refs/tags/') ? 'TAG' : 'BRANCH' };
    const type = from === none ? 'ADD' : to === none ? 'DELETE' : 'UPDATE';
    return { ref, refId: id, fromHash: from, toHash: to, type };
  });
  const repository = json.repositoryJson(source.url(), source.repositoryOf(project));
  return sent(source, 'repo:refs_changed', pusher, { repository, changes });
}

interface PullEvent {
  readonly name: string;
  readonly actor: string;
  readonly members?: object;
}

const pullEvents = { opened: 'opened', closed: 'declined' } as const;

function pullWebhook(source: WebhookSource, project: Project, number: number, event: PullEvent): SentWebhook {
  const repository = source.repositoryOf(project);
  const pullRequest = json.pullRequestJson(source.url(), source.model, repository, source.pullOf(project, number));
  return sent(source, `pr:${event.name}`, event.actor, { pullRequest, ...event.members });
}

export function datacenterWebhooks(source: WebhookSource): SimulatedHost['webhooks'] {
  const synchronized = (project: Project, number: number): Omit<PullEvent, 'actor'> => {
    const repository = source.repositoryOf(project);
    const head = repository.commits.get(repository.headSha(source.pullOf(project, number)));
    return { name: 'from_ref_updated', members: { previousFromHash: head?.parents[0] } };
  };
  return webhooksOf(source, {
    pushed: (project, { ref, before, after }, pusher) => {
      const ends = { ...(before && { from: before }), ...(after && { to: after }) };
      return pushWebhook(source, project, pusher, [{ id: ref, ...ends }]);
    },
    pullRequest: (project, number, act, actor) => {
      const event = act === 'synchronized' ? synchronized(project, number) : { name: pullEvents[act] };
      return pullWebhook(source, project, number, { ...event, actor });
    },
    commented: (project, number, comment) => {
      const members = { comment: json.commentJson(source.model, comment, 0) };
      return pullWebhook(source, project, number, { name: 'comment:added', actor: comment.author, members });
    },
    label: () => {
      throw new Error('Bitbucket has no labels');
    },
  });
}
