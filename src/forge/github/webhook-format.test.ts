import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mutatedJson } from '../../../test/support/mutated-json.ts';
import type { JsonObject } from '../../base/json.ts';
import { formatOf } from '../forges.ts';
import type { GitEvent } from '../git-event.ts';
import { WebhookPayloadError, type Normalised } from '../webhook-format.ts';
import { githubWebhooks } from './webhook-format.ts';

interface ExampleFile {
  readonly name: string;
  readonly examples: readonly JsonObject[];
}

const published = createRequire(import.meta.url)(
  '@octokit/webhooks-examples/api.github.com/index.json',
) as ExampleFile[];
const corpus = join(import.meta.dirname, '../../../../shared/corpus/pac/payloads');

function normalise(name: string, payload: JsonObject): Normalised {
  return githubWebhooks.normalise({ 'x-github-event': name }, payload);
}

/** The only event of a payload. */
function eventOf(name: string, payload: JsonObject): GitEvent {
  const result = normalise(name, payload);
  assert.ok(result.ok, result.ok ? '' : result.ignored);
  assert.equal(result.events.length, 1);
  return result.events[0] ?? assert.fail('no event');
}

function example(name: string, action?: string, index = 0): JsonObject {
  const found = published.find((file) => file.name === name)?.examples.filter((each) => each['action'] === action);
  return found?.[index] ?? assert.fail(`no example ${name} ${action ?? ''}`);
}

function ignoredOf(name: string, payload: JsonObject): string {
  const result = normalise(name, payload);
  return result.ok ? assert.fail('it was taken') : result.ignored;
}

/** Which events start something: all others must be ignored with a reason. */
const taken: Readonly<Record<string, readonly (string | undefined)[]>> = {
  push: [undefined],
  delete: [undefined],
  pull_request: ['opened', 'closed', 'labeled', 'ready_for_review', 'reopened', 'synchronize'],
  issue_comment: ['created'],
  commit_comment: ['created'],
  check_run: ['rerequested'],
  check_suite: ['rerequested'],
  merge_group: ['checks_requested'],
  repository: ['created'],
};

describe('published examples', () => {
  for (const { name, examples } of published) {
    it(`${name}: ${examples.length} are taken, or ignored with a reason`, () => {
      for (const payload of examples) {
        const result = normalise(name, payload);
        const isTaken = taken[name]?.includes(payload['action'] as string | undefined) ?? false;
        if (!isTaken) assert.equal(result.ok, false, `${name} ${String(payload['action'])}`);
        if (!result.ok) assert.match(result.ignored, /\w+ \w+/);
        else
          assert.ok(result.events.every(({ project, actor, occurrence }) => project.url && actor.login && occurrence));
      }
    });
  }
});

describe('a push', () => {
  it('of a new tag', () => {
    const event = eventOf('push', example('push', undefined, 0));
    assert.deepEqual(event, {
      forge: 'github',
      trigger: 'push',
      eventType: 'push',
      occurrence: 'none..6113728f27ae82c7b1a177c8d03f9e96e0adf246|1557933657',
      project: {
        url: 'https://github.com/Codertocat/Hello-World',
        owner: 'Codertocat',
        name: 'Hello-World',
        id: '186853002',
        defaultBranch: 'master',
      },
      actor: { login: 'Codertocat', id: '21031067' },
      revision: {
        sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        title: 'Adding a .gitignore file',
        message: 'Adding a .gitignore file',
        url: 'https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        author: 'Codertocat',
        date: '2019-05-15T15:20:41.000Z',
      },
      push: { ref: 'refs/tags/simple-tag' },
    });
  });

  it('of an annotated tag is about the commit it stands for', () => {
    const tagObject = 'f'.repeat(40);
    const event = eventOf('push', { ...example('push', undefined, 0), after: tagObject });
    assert.equal(event.revision?.sha, '6113728f27ae82c7b1a177c8d03f9e96e0adf246');
  });

  it('that deletes, and the event that says the same', () => {
    const event = eventOf('push', example('push', undefined, 1));
    assert.deepEqual(
      [event.trigger, event.revision, event.push?.ref],
      ['ref_deleted', undefined, 'refs/tags/simple-tag'],
    );
    const deleted = eventOf('delete', example('delete'));
    assert.deepEqual([deleted.trigger, deleted.push], ['ref_deleted', { ref: 'refs/tags/simple-tag' }]);
  });

  it('of notes and the like is ignored', () => {
    assert.match(ignoredOf('push', { ...example('push'), ref: 'refs/notes/x' }), /neither a branch nor a tag/);
  });
});

describe('a pull request', () => {
  it('is read whole, with the one who acted and not its author', () => {
    const payload = { ...example('pull_request', 'synchronize'), sender: { login: 'pusher', id: 5, type: 'Bot' } };
    const event = eventOf('pull_request', payload);
    assert.deepEqual(event.actor, { login: 'pusher', id: '5', bot: true });
    assert.equal(event.pullRequest?.author.login, 'Codertocat');
    assert.equal(event.revision?.sha, event.pullRequest?.headSha);
    assert.equal(event.pullRequest?.state, 'open');
    assert.equal(event.eventType, 'pull_request');
  });

  it('that was labeled or closed is another event', () => {
    const labeled = eventOf('pull_request', example('pull_request', 'labeled'));
    assert.equal(labeled.eventType, 'pull_request_labeled');
    assert.ok((labeled.pullRequest?.labels.length ?? 0) > 0);
    assert.equal(eventOf('pull_request', example('pull_request', 'closed')).trigger, 'pull_request_closed');
    assert.match(ignoredOf('pull_request', example('pull_request', 'unlabeled')), /"unlabeled"/);
  });

  it('whose fork is gone can still be closed', () => {
    const without = (action: string): JsonObject => {
      const payload = example('pull_request', action);
      const pull = payload['pull_request'] as JsonObject;
      return { ...payload, pull_request: { ...pull, head: { ...(pull['head'] as JsonObject), repo: null } } };
    };
    const closed = eventOf('pull_request', without('closed'));
    assert.deepEqual([closed.pullRequest, closed.pullRequestNumber], [undefined, 2]);
    assert.match(ignoredOf('pull_request', without('opened')), /gone/);
  });
});

describe('comments', () => {
  const onPull = (changes: JsonObject = {}): JsonObject => {
    const payload = example('issue_comment', 'created');
    return { ...payload, issue: { ...(payload['issue'] as JsonObject), pull_request: {}, state: 'open', ...changes } };
  };

  it('on an open pull request are by the commenter', () => {
    const event = eventOf('issue_comment', onPull());
    assert.equal(event.trigger, 'comment');
    assert.equal(event.comment?.on, 'pull_request');
    assert.equal(event.pullRequestNumber, 1);
    assert.equal(event.occurrence, `comment ${event.comment?.id}`);
  });

  it('on closed ones, on issues and edited ones are ignored', () => {
    assert.match(ignoredOf('issue_comment', onPull({ state: 'closed' })), /closed/);
    assert.match(ignoredOf('issue_comment', onPull({ pull_request: null })), /issue/);
    assert.match(ignoredOf('issue_comment', { ...onPull(), action: 'edited' }), /edited/);
  });

  it('on commits say which', () => {
    const event = eventOf('commit_comment', example('commit_comment', 'created'));
    assert.deepEqual(event.revision, { sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246' });
    assert.equal(event.comment?.on, 'commit');
  });
});

describe('re-runs', () => {
  it('of one check say which', () => {
    const event = eventOf('check_run', example('check_run', 'rerequested'));
    assert.equal(event.trigger, 'rerun');
    assert.deepEqual(event.rerun, {
      scope: 'check',
      checkId: '4',
      context: 'randscape',
      branch: 'master',
      pullRequestNumbers: [],
    });
    assert.ok(event.revision && event.installationId);
  });

  it('of all checks know the pull requests of this repository only', () => {
    const payload = example('check_suite', 'rerequested');
    const suite = payload['check_suite'] as JsonObject;
    const [pull] = suite['pull_requests'] as readonly JsonObject[];
    const foreign = { ...pull, number: 99, base: { repo: { id: 1 } } };
    const event = eventOf('check_suite', {
      ...payload,
      check_suite: { ...suite, pull_requests: [pull ?? {}, foreign] },
    });
    assert.deepEqual(event.rerun, { scope: 'suite', branch: 'changes', pullRequestNumbers: [2] });
  });
});

describe('a merge group', () => {
  it('names the branch it is to be merged into', () => {
    const event = eventOf('merge_group', example('merge_group', 'checks_requested'));
    assert.equal(event.trigger, 'merge_group');
    assert.equal(event.push?.baseBranch, 'main');
    assert.match(event.push?.ref ?? '', /^refs\/heads\/gh-readonly-queue\//);
    assert.equal(event.revision?.sha, '2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d');
  });
});

function readCorpus(file: string): JsonObject | undefined {
  const path = join(corpus, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JsonObject) : undefined;
}

describe('a new repository', () => {
  it('is told by the App only, and once by its number', () => {
    const payload = { ...example('repository', 'created', 1), installation: { id: 7 } };
    const { trigger, occurrence, installationId, project } = eventOf('repository', payload);
    assert.deepEqual([trigger, occurrence, installationId], ['repository_created', `created|${project.id}`, 7]);
    assert.match(ignoredOf('repository', example('repository', 'created')), /only the webhook of a GitHub App/);
    assert.match(ignoredOf('repository', { ...payload, action: 'renamed' }), /was renamed, not created/);
  });
});

describe('recorded payloads', { skip: existsSync(corpus) ? false : '../shared/corpus is not here' }, () => {
  const files: readonly (readonly [string, string, string])[] = [
    ['github-check_suite_rerequest_prcheck.json', 'check_run', 'rerun'],
    ['github-check_suite_rerequest_push.json', 'check_run', 'rerun'],
    ['github-issue_comment-retest.json', 'issue_comment', 'comment'],
    ['github-issue_comment_ok-to-test.json', 'issue_comment', 'comment'],
    ['github-pr-as-non-owner.json', 'issue_comment', 'comment'],
    ['github-pull-req.json', 'pull_request', 'pull_request'],
    ['github-push-ref-main.json', 'push', 'push'],
    ['github-push-tag-0.2.json', 'push', 'push'],
    ['github-push.json', 'push', 'push'],
  ];
  for (const [file, name, trigger] of files) {
    it(`${file}: ${trigger}`, () => {
      const event = eventOf(name, readCorpus(file) ?? assert.fail(`${file} is not there`));
      assert.equal(event.trigger, trigger);
      assert.ok(event.installationId);
    });
  }
});

describe('the signature', () => {
  const body = Buffer.from('{"a":1}');
  const sign = (algorithm: string, secret: string): string => createHmac(algorithm, secret).update(body).digest('hex');
  const verify = (headers: Readonly<Record<string, string>>): string | undefined =>
    githubWebhooks.verify({ headers, body }, ['', 'one', 'two']);

  it('is HMAC-SHA256 with one of the secrets', () => {
    assert.equal(verify({ 'x-hub-signature-256': `sha256=${sign('sha256', 'two')}` }), 'two');
    assert.equal(verify({ 'x-hub-signature-256': `sha256=${sign('sha256', 'three')}` }), undefined);
    assert.equal(verify({ 'x-hub-signature-256': `sha256=${sign('sha256', '')}` }), undefined);
  });

  it('by SHA-1 alone proves nothing', () => {
    assert.equal(verify({ 'x-hub-signature': `sha1=${sign('sha1', 'two')}` }), undefined);
    assert.equal(verify({ 'x-hub-signature-256': `sha1=${sign('sha1', 'two')}` }), undefined);
    assert.equal(verify({}), undefined);
  });

  it('belongs to headers that no other host sends', () => {
    assert.equal(formatOf({ 'x-github-event': 'push' }), githubWebhooks);
    assert.equal(formatOf({ 'x-github-event': 'push', 'x-gitea-event': 'push' })?.kind, 'gitea');
    assert.equal(formatOf({ 'x-gitlab-event': 'Push Hook' })?.kind, 'gitlab');
    assert.equal(formatOf({}), undefined);
  });
});

describe('a payload that is not what GitHub documents', () => {
  const samples = Object.keys(taken).flatMap((name) =>
    (published.find((file) => file.name === name)?.examples ?? []).slice(0, 4).map((payload) => ({ name, payload })),
  );

  it('gives a result or names the field, and nothing else', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...samples)
          .chain(({ name, payload }) => mutatedJson(payload).map((mutated) => ({ name, mutated }))),
        ({ name, mutated }) => {
          try {
            const result = normalise(name, mutated);
            return result.ok ? result.events.length === 1 : result.ignored !== '';
          } catch (thrown) {
            return thrown instanceof WebhookPayloadError && thrown.field !== '';
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('names the field', () => {
    const payload = example('pull_request', 'opened');
    const pull = payload['pull_request'] as JsonObject;
    const broken = { ...payload, pull_request: { ...pull, head: { ...(pull['head'] as JsonObject), sha: 'abc' } } };
    assert.throws(() => normalise('pull_request', broken), { field: 'pull_request.head.sha' });
  });
});
