import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ForgeError } from '../../forge/forge.ts';
import { webhookFormats } from '../../forge/forges.ts';
import type { GitEvent } from '../../forge/git-event.ts';
import { defaultSettings } from '../../forge/kinds/settings.ts';
import { RemoteFetchError } from '../resolve/remote-fetcher.ts';
import { type ExplainOptions, explainMatch } from './explain-match.ts';
import type { ExplainedEvent } from './explanation.ts';
import { type LocalForgeOptions, localForge } from './local-forge.ts';
import { pullRequestEvent } from './pull-request-event.ts';
import { readEvent } from './read-event.ts';

const run = (name: string, annotations: Readonly<Record<string, string>>, more = ''): string =>
  [
    'apiVersion: tekton.dev/v1',
    'kind: PipelineRun',
    'metadata:',
    `  name: ${name}`,
    '  annotations:',
    ...Object.entries(annotations).map(([key, value]) => `    pipelinesascode.tekton.dev/${key}: '${value}'`),
    `spec: {pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{name: s, image: i}]}}${more}]}}`,
  ].join('\n');
const onPush = { 'on-event': '[push]', 'on-target-branch': '[main]' };

const push: GitEvent = {
  trigger: 'push',
  forge: 'github',
  eventType: 'push',
  occurrence: '1',
  project: { url: 'https://github.com/o/n', owner: 'o', name: 'n', defaultBranch: 'main' },
  actor: { login: 'alice' },
  revision: { sha: 'a'.repeat(40), message: 'a change', title: 'a change' },
  push: { ref: 'refs/heads/main', before: 'b'.repeat(40) },
};
const comment = (body: string): GitEvent => {
  const { push: _push, revision: _revision, ...rest } = push;
  return {
    ...rest,
    trigger: 'comment',
    eventType: 'issue_comment',
    pullRequestNumber: 7,
    comment: { id: '1', body, on: 'pull_request' },
  };
};

interface Given {
  readonly event: GitEvent;
  readonly files: readonly string[];
  readonly changed?: readonly string[];
  readonly options?: Partial<ExplainOptions>;
}

async function explained({ event, files, changed, options }: Given): Promise<ExplainedEvent> {
  const changes = changed && { added: [], modified: changed, deleted: [], renamed: [], truncated: false };
  const never: LocalForgeOptions['files'] = {
    kindOf: () => Promise.resolve('missing'),
    list: () => Promise.resolve([]),
    read: () => Promise.reject(new Error('not asked for')),
    readInput: () => Promise.reject(new Error('not asked for')),
    resolve: (path) => path,
  };
  const { events } = await explainMatch({
    read: { events: [event], body: { note: 'x' }, headers: {} },
    definitions: files.map((text, index) => ({ path: `.tekton/${index}.yaml`, text })),
    forgeFor: (of, assume) =>
      localForge({ event: of, directory: '.', files: never, assume, changedFiles: () => Promise.resolve(changes) }),
    fetcher: { fetchText: () => Promise.reject(new RemoteFetchError('no network', { passing: true })) },
    settings: defaultSettings,
    declaredParams: [],
    readParamSecret: () => Promise.resolve(undefined),
    ...options,
  });
  const [only] = events;
  assert.ok(only);
  return only;
}

const verdicts = ({ definitions }: ExplainedEvent): readonly string[] =>
  definitions.map(({ name, matched, problem }) => `${name} ${matched}${problem ? ` ${problem.message}` : ''}`);

describe('explainMatch', () => {
  it('says rule by rule why a definition matches or not', async () => {
    const files = [run('a', onPush), run('b', { ...onPush, 'on-path-change': '[docs/**]' })];
    const event = await explained({ event: push, files, changed: ['src/x.ts'] });
    assert.equal(event.summary, 'push by alice in https://github.com/o/n: refs/heads/main');
    assert.deepEqual(verdicts(event), ['a true', 'b false']);
    assert.deepEqual(
      event.definitions[1]?.rules.map(({ rule, ok }) => [rule, ok]),
      [
        ['on-event', true],
        ['on-target-branch', true],
        ['on-path-change', false],
      ],
    );
    assert.deepEqual(event.notes, []);
  });

  it('resolves what matches, and tells what would fail and what it could not check', async () => {
    const files = [
      run('a', onPush, ', {name: u, taskRef: {name: gone}}'),
      run('b', { ...onPush, task: 'https://x.example/t.yaml' }, ', {name: u, taskRef: {name: x}}'),
    ];
    const event = await explained({ event: push, files });
    const [a, b] = event.definitions;
    assert.match(a?.problem?.message ?? '', /no Task "gone"/);
    assert.equal(a?.problem?.line, 8);
    assert.match(b?.warnings[0]?.message ?? '', /could not be checked: no network/);
  });

  it('tells what it took for granted', async () => {
    const files = [run('a', { 'on-event': '[pull_request]', 'on-target-branch': '[main]', 'on-path-change': '[x]' })];
    const event = await explained({ event: comment('/test'), files });
    assert.deepEqual(verdicts(event), ['a true']);
    assert.equal(event.notes.length, 3);
    assert.match(event.notes.join('\n'), /branches of pull request 7[^]*commit[^]*which files changed/);
  });

  it('follows commands', async () => {
    const files = [run('a', onPush), run('b', onPush)];
    const named = await explained({ event: comment('/test b\n/test nobody'), files });
    assert.deepEqual(verdicts(named), ['a false', 'b true']);
    assert.ok(named.notes.includes('no definition has the name "nobody"'));
    const cancelled = await explained({ event: comment('/cancel'), files });
    assert.equal(cancelled.nothing, 'the comment only cancels');
    const plain = await explained({ event: comment('nice'), files: [run('c', { 'on-comment': '^nice' }), ...files] });
    assert.deepEqual(verdicts(plain), ['c true', 'a false', 'b false']);
  });

  it('gives templates what a comment gives them, with a command or without', async () => {
    const task = ', {name: u, taskRef: {name: "{{ env }}"}}';
    const files = [run('c', { 'on-comment': '^/deploy' }, task), run('a', onPush, task)];
    const options = { declaredParams: [{ name: 'env' }] };
    for (const body of ['/deploy env=prod', '/test a env=prod']) {
      const { definitions } = await explained({ event: comment(body), files, options });
      const [problem] = definitions.flatMap((one) => one.problem ?? []);
      assert.match(problem?.message ?? '', /no Task "prod"/, body);
    }
    const refused = await explained({ event: comment('/deploy revision=x'), files, options });
    assert.match(refused.nothing ?? '', /a comment cannot change "revision"/);
  });

  it('knows what starts nothing', async () => {
    const files = [run('a', onPush)];
    const revision = { sha: 'a'.repeat(40), message: 'later [skip ci]' };
    assert.equal(
      (await explained({ event: { ...push, revision }, files })).nothing,
      'the commit message says [skip ci]',
    );
    const { push: ref, ...rest } = push;
    const gone = { ...rest, trigger: 'ref_deleted', ...(ref === undefined ? {} : { push: ref }) } as const;
    assert.match((await explained({ event: gone, files })).nothing ?? '', /nothing runs/);
  });

  it('holds each definition against the namespace it names, unless one is given', async () => {
    const files = [run('a', { ...onPush, 'target-namespace': 'team' }), run('b', onPush)];
    assert.deepEqual(verdicts(await explained({ event: push, files })), ['a true', 'b true']);
    const other = await explained({ event: push, files, options: { namespace: 'other' } });
    assert.deepEqual(verdicts(other), ['a false', 'b true']);
  });

  it('asks a host about a pull request', async () => {
    const project = push.project;
    const pull = {
      number: 7,
      title: 'A title',
      url: 'https://github.com/o/n/pull/7',
      author: { login: 'bob' },
      state: 'open',
      baseBranch: 'main',
      headBranch: 'feature',
      headSha: 'c'.repeat(40),
      headProject: project,
      labels: [],
    } as const;
    const asked = comment('');
    const options = { directory: '.', files: undefined as never, changedFiles: () => Promise.resolve(undefined) };
    const forge = localForge({ ...options, event: { ...asked, pullRequest: pull }, assume: () => undefined });
    const read = await pullRequestEvent(forge, project, 7);
    const [event] = read.events;
    assert.ok(event);
    const files = [run('a', { 'on-cel-expression': 'event == "pull_request" && source_branch == "feature"' })];
    assert.deepEqual(verdicts(await explained({ event, files, options: { read } })), ['a true']);
    await assert.rejects(forge.standing(project, pull.author), ForgeError);
  });
});

describe('readEvent', () => {
  const told = (text: string, more: Partial<Parameters<typeof readEvent>[0]> = {}): ReturnType<typeof readEvent> =>
    readEvent({ text, file: 'event.json', ...more }, webhookFormats);
  const body = {
    object_kind: 'push',
    ref: 'refs/heads/main',
    before: 'b'.repeat(40),
    after: 'a'.repeat(40),
    checkout_sha: 'a'.repeat(40),
    user_username: 'alice',
    project: { id: 1, web_url: 'https://gl.example/o/n', path_with_namespace: 'o/n', default_branch: 'main' },
    commits: [],
  };

  it('reads webhooks with their headers in lines or JSON, or without', () => {
    const written = JSON.stringify(body);
    for (const headers of [undefined, 'X-Gitlab-Event: Push Hook\r\nOther: a:b', '{"X-GitLab-Event": ["Push Hook"]}']) {
      const { events, headers: read } = told(written, headers === undefined ? {} : { headers });
      assert.equal(events[0]?.push?.ref, 'refs/heads/main');
      assert.equal(read['x-gitlab-event'], 'Push Hook');
    }
  });

  it('reads an event of our own', () => {
    const { events, body: payload } = told(JSON.stringify(push));
    assert.deepEqual([events, payload], [[push], null]);
  });

  it('reads a stored Delivery, with its payload', async () => {
    const data = gzipSync(JSON.stringify({ answer: 42 })).toString('base64');
    const payload = { encoding: 'gzip+base64', bytes: 13, data };
    const spec = { events: [push], headers: { 'content-type': 'application/json', 'x-a': 'b' }, payload };
    const read = told(JSON.stringify({ apiVersion: 'penstock.dev/v1alpha1', kind: 'Delivery', spec }));
    const files = [run('a', { 'on-cel-expression': 'body.answer == 42 && headers["x-a"] == "b"' })];
    assert.deepEqual(verdicts(await explained({ event: push, files, options: { read } })), ['a true']);
  });

  it('says what it cannot read', () => {
    const wrong = { code: 'MATCH_EVENT' };
    assert.throws(() => told('{'), { ...wrong, message: /^event\.json is not JSON/ });
    assert.throws(() => told('[]'), { ...wrong, message: 'event.json holds no JSON object' });
    assert.throws(() => told('{}'), { ...wrong, message: /of no Git host that is known/ });
    assert.throws(() => told('{}', { sender: 'gitlab' }), { ...wrong, message: /no event of gitlab that is known/ });
    assert.throws(() => told('{}', { headers: '{' }), { ...wrong, message: /neither lines nor JSON/ });
    const halved = JSON.stringify({ object_kind: 'push' });
    assert.throws(() => told(halved), { ...wrong, message: /is not a webhook of gitlab: / });
  });

  it('says why a webhook is nothing to act upon', () => {
    const { events, ignored } = told('{}', { headers: 'X-GitHub-Event: ping' });
    assert.deepEqual([events, ignored], [[], 'the webhook works']);
  });
});
