/**
 * What people write who do not mean well, or do not know better: in `.tekton`, in comments, in titles, in names. Only their own
 * runs may fail, and nothing may be run or shown that they had no right to.
 */
import assert from 'node:assert/strict';
import { repositories } from '../../../src/forge/kinds/repository.ts';
import { commitStatuses } from '../../../src/forge/kinds/commit-status.ts';
import { deliveries } from '../../../src/forge/kinds/delivery.ts';
import { secrets as secretType } from '../../../src/kube/core-types.ts';
import type { PipelineRun } from '../../../src/tekton/types.ts';
import type { SeenStatus } from '../git-hosts/simulated-host.ts';
import { definition } from './definitions.ts';
import type { GitWorld } from './git-world.ts';
import { ended, expectRuns, expectShown, openPull, push, type Scenario, type Stage } from './scenarios.ts';

const prefix = 'pipelinesascode.tekton.dev';

/** Definitions that cannot be used, each by the name under which that is shown. */
// tidy: table
const hostile: Readonly<Record<string, string>> = {
  glob: definition('glob', { onTargetBranch: '[main, "release-[0-9"]' }),
  'deep-glob': definition('deep-glob', { onTargetBranch: `[${'{'.repeat(500)}main${'}'.repeat(500)}` }),
  regex: definition('regex', { annotations: { [`${prefix}/on-comment`]: '(' } }),
  cel: cel('cel', 'event == '),
  'cel-type': cel('cel-type', '1 + "a" == 2'),
  'cel-without-end': cel('cel-without-end', `${'['.repeat(8)}${'1,'.repeat(200)}1${']'.repeat(8)}${loops(8)}`),
  '.tekton/tabs.yaml': '\tkind: PipelineRun\n',
  '.tekton/bomb.yaml': bomb(),
  '.tekton/deep.yaml': `a: ${'['.repeat(50_000)}`,
  '.tekton/nul.yaml': 'kind: "a\u0000b"\n\u0000',
  '.tekton/twice.yaml': 'kind: PipelineRun\nkind: PipelineRun\n',
};

function cel(name: string, expression: string): string {
  return definition(name, { annotations: { [`${prefix}/on-cel-expression`]: expression } });
}

/** Loops in loops: an answer in more steps than anybody waits for. */
function loops(depth: number): string {
  const list = `[${Array.from({ length: 100 }, (_, index) => index).join(',')}]`;
  const inner = depth === 1 ? 'x1 >= 0' : loops(depth - 1);
  return depth === 8 ? ` == [] || ${list}.all(x8, ${inner})` : `${list}.all(x${depth}, ${inner})`;
}

/** Aliases of aliases: a few lines that would be billions. */
function bomb(): string {
  const lines = Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`);
  return ['a0: &a0 [x]', ...lines, 'kind: PipelineRun'].join('\n');
}

/** What stands in a context last. */
function last(world: GitWorld, sha: string, name: string): string | undefined {
  return world.sequence(sha, `CI / ${name} / main`).at(-1);
}

async function onlyRun({ world }: Stage): Promise<PipelineRun> {
  const [run, ...others] = await world.runs();
  assert.equal(others.length, 0);
  return run ?? assert.fail('there is no run');
}

/** Everything that can be read of what Penstock wrote: objects, what the host shows, the log. */
async function everythingSaid({ world }: Stage, pull?: number): Promise<string> {
  const { client } = world;
  const events = await client.list(deliveries, {});
  const reports = await client.list(commitStatuses, {});
  const named = (await client.list(repositories, {})).items;
  const comments = pull === undefined ? [] : world.host.comments(world.project, pull);
  const shown = reports.items.flatMap(({ spec }) => world.host.statuses(world.project, spec.report.sha));
  const runs = await world.runs();
  return JSON.stringify([events.items, reports.items, named, comments, shown, runs, world.logger.lines]);
}

const definitionScenarios: readonly Scenario[] = [
  {
    name: 'of definitions that cannot be used each fails alone, and says where; the others run',
    virtualOnly: true,
    async run(stage) {
      const { world, host } = stage;
      const files = Object.entries(hostile).map(([name, text]) => [
        name.startsWith('.tekton/') ? name : `.tekton/${name}.yaml`,
        text,
      ]);
      const sha = await push(stage, Object.fromEntries(files) as Record<string, string>);
      await world.settled();
      assert.equal(last(world, sha, 'build'), host.words.succeeded);
      await expectRuns(world, 1);
      const told = Object.keys(hostile).filter((name) => last(world, sha, name) === host.words.error);
      assert.deepEqual(told, Object.keys(hostile));
      for (const { spec } of await world.reports()) assert.notEqual(spec.report.title, '', spec.report.context);
    },
  },
  {
    name: 'a .tekton of 500 files runs nothing, and says so once',
    async run(stage) {
      const { world, host } = stage;
      const names = Array.from({ length: 500 }, (_, index) => `.tekton/file-${index}.yaml`);
      const files = Object.fromEntries(names.map((name, index) => [name, definition(`file-${index}`)]));
      const sha = await push(stage, files);
      await world.settled();
      await expectRuns(world, 0);
      const shown = world.host.statuses(world.project, sha);
      assert.deepEqual([...new Set(shown.map(({ state }) => state))], [host.words.error]);
      assert.equal(new Set(shown.map(({ context }) => context)).size, 1);
      assert.match(`${shown[0]?.description}`, /200/);
    },
  },
  {
    name: 'a Task at a private address is not fetched, and only its own run fails',
    virtualOnly: true,
    async run(stage) {
      const { world, host } = stage;
      const addresses = ['127.0.0.1:1', '10.0.0.1', '169.254.169.254/latest', '[::1]', '2130706433', '0x7f.1'];
      const remote = addresses.map((address, index) => [
        `.tekton/remote-${index}.yaml`,
        definition(`remote-${index}`, { annotations: { [`${prefix}/task`]: `http://${address}/task.yaml` } }).replace(
          /taskSpec:[\s\S]*/,
          'taskRef: {name: other}\n',
        ),
      ]);
      const sha = await push(stage, Object.fromEntries(remote) as Record<string, string>);
      await world.settled();
      assert.equal(last(world, sha, 'build'), host.words.succeeded);
      await expectRuns(world, 1);
      const told = addresses.map((_, index) => last(world, sha, `remote-${index}`));
      assert.deepEqual(
        told,
        addresses.map(() => host.words.error),
      );
    },
  },
  {
    name: 'names of any length and script have a context of their own',
    async run(stage) {
      const { world } = stage;
      const names = ['x'.repeat(253), `${'x'.repeat(252)}y`, 'bauen-ünïcode-构建-🚀', '‮txet'];
      const files = names.map((name, index) => [`.tekton/name-${index}.yaml`, definition(name)]);
      const sha = await push(stage, Object.fromEntries(files) as Record<string, string>);
      await world.settled();
      const shown = world.host.statuses(world.project, sha);
      const contexts = new Set(shown.map(({ context }) => context));
      assert.equal(contexts.size, names.length + 1, [...contexts].join('\n'));
      for (const context of contexts) assert.ok(context.length <= 255);
      const states = new Set([...contexts].map((context) => world.sequence(sha, context).at(-1)));
      assert.deepEqual([...states], [stage.host.words.succeeded]);
      await expectRuns(world, names.length + 1);
    },
  },
  {
    name: 'definitions with endless names or mistakes fail alone, and are told in few words',
    virtualOnly: true,
    async run(stage) {
      const { world, host } = stage;
      const endless = [...'abc'].map((letter) => [`.tekton/${letter}.yaml`, definition(letter.repeat(100_000))]);
      const bad = Array.from({ length: 150 }, () => 'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {}\n');
      const files = { ...Object.fromEntries(endless), '.tekton/tasks.yaml': bad.join('---\n') } as Record<
        string,
        string
      >;
      const sha = await push(stage, files);
      await world.settled();
      assert.equal(last(world, sha, 'build'), host.words.succeeded);
      await expectRuns(world, 1);
      const told = (await world.reports()).filter(({ spec }) => spec.report.state === 'error');
      assert.equal(told.length, 4);
      for (const { spec } of told) assert.ok(spec.report.text.length < 2_000, `${spec.report.text.length} characters`);
      const [delivery] = await world.deliveries();
      assert.ok(JSON.stringify(delivery?.status).length < 20_000);
    },
  },
  {
    name: 'a file of hundreds of definitions runs nothing, and says so once',
    async run(stage) {
      const { world, host } = stage;
      const many = Array.from({ length: 300 }, (_, index) => definition(`many-${index}`)).join('---\n');
      const sha = await push(stage, { '.tekton/many.yaml': many });
      await world.settled();
      await expectRuns(world, 0);
      const shown = world.host.statuses(world.project, sha);
      assert.deepEqual([...new Set(shown.map(({ state }) => state))], [host.words.error]);
      assert.match(shown[0]?.description ?? '', /301 PipelineRuns/);
    },
  },
  {
    name: 'a definition with the name of a run of another one takes nothing from it',
    async run(stage) {
      const { world } = stage;
      const first = await push(stage);
      await world.settled();
      const { name = '' } = (await onlyRun(stage)).metadata;
      const second = await push(stage, {
        '.tekton/other.yaml': definition(name),
        '.tekton/case.yaml': definition('Build'),
      });
      await world.settled();
      expectShown(stage, first, ended);
      expectShown(stage, second, ended);
      expectShown(stage, second, ended, `CI / ${name} / main`);
      expectShown(stage, second, ended, 'CI / Build / main');
      await expectRuns(world, 4);
    },
  },
  {
    name: 'max-keep-runs that is no number of runs keeps what there is',
    async run(stage) {
      const { world } = stage;
      for (const keep of ['0', '-1', '1e9', '99999999999999999999', 'NaN', '1 ', '']) {
        const annotations = { [`${prefix}/max-keep-runs`]: keep };
        await push(stage, { '.tekton/build.yaml': definition('build', { annotations }), n: keep });
        await world.settled();
      }
      await expectRuns(world, 7);
    },
  },
];

/** Where payloads of pull requests have their titles. */
const titles: Readonly<Record<string, string>> = {
  github: 'pull_request',
  gitea: 'pull_request',
  gitlab: 'object_attributes',
  'bitbucket-cloud': 'pullrequest',
  'bitbucket-datacenter': 'pullRequest',
};

const commentScenarios: readonly Scenario[] = [
  {
    name: 'a comment changes neither what is tested nor where',
    async run(stage) {
      const { world } = stage;
      const pull = await openPull(stage, { [`${prefix}/on-comment`]: '^/deploy' });
      await world.settled();
      const text = [
        '/test build revision=main repo_url=https://evil.example.org/x target_namespace=kube-system',
        '/test build source_branch=main git_auth_secret=other pull_request_number=9 sender=alice',
      ].join('\r\n');
      assert.equal(await world.send(world.host.webhooks.comment(world.project, pull.number, text, 'alice')), 202);
      await world.settled();
      // Who asked is told, and nothing runs.
      const answer = world.host.comments(world.project, pull.number).at(-1)?.body ?? '';
      assert.match(answer, /cannot change "revision"/);
      // Our answer quotes the commands, and comes back to us as every comment does, of an account that may push.
      assert.match(answer, /^ *\/test /m);
      const before = world.host.comments(world.project, pull.number).length;
      const echo = world.host.webhooks.comment(world.project, pull.number, answer, 'alice');
      assert.equal(await world.send(echo), 200);
      await world.settled();
      assert.equal(world.host.comments(world.project, pull.number).length, before + 1);
      const other = world.host.webhooks.comment(
        world.project,
        pull.number,
        '/deploy revision=main namespace=x',
        'alice',
      );
      assert.equal(await world.send(other), 202);
      await world.settled();
      await expectRuns(world, 1);
      const ours = world.host.webhooks.comment(world.project, pull.number, '/deploy color=red', 'alice');
      assert.equal(await world.send(ours), 202);
      await world.settled();
      const runs = await world.runs();
      assert.equal(runs.length, 2);
      for (const { metadata, spec } of runs) {
        assert.equal(metadata.namespace, world.runNamespace);
        assert.equal(metadata.annotations?.[`${prefix}/sha`], pull.sha);
        assert.equal(spec.pipelineSpec?.tasks?.[0]?.taskSpec?.steps?.[0]?.script, `echo ${pull.sha}`);
      }
      assert.deepEqual(
        world.host
          .statuses(world.project, pull.sha)
          .map(({ context }) => context)
          .filter((each) => each !== pull.context),
        [],
      );
    },
  },
  {
    name: 'titles, branches and comments are text in a run, and nothing else',
    async run(stage) {
      const { world } = stage;
      const evil = '"\n      - name: evil\n        image: evil # {{ revision }} {{ cel: body }}';
      const branch = 'x"-$(touch${IFS}pwned)-{{revision}}';
      const words = ['{{ source_branch }}', `{{ body.${titles[world.host.kind]}.title }}`, '{{ body.nothing }}'];
      const text = definition('build').replace('echo {{ revision }}', words.join(' | '));
      world.host.addUser('alice', { writes: [world.project] });
      world.host.commit(world.project, 'main', { 'README.md': 'first' });
      world.host.commit(world.project, branch, { '.tekton/build.yaml': text });
      const options = { author: 'alice', head: branch, title: evil };
      const { number, webhook } = world.host.webhooks.openPullRequest(world.project, options);
      assert.equal(await world.send(webhook), 202);
      await world.settled();
      const { spec } = await onlyRun(stage);
      const tasks = spec.pipelineSpec?.tasks ?? [];
      assert.equal(tasks.length, 1, `pull request ${number}`);
      const steps = tasks[0]?.taskSpec?.steps ?? [];
      assert.deepEqual(
        steps.map((step) => Object.keys(step).sort()),
        [['image', 'name', 'script']],
      );
      // What a value brings along is not replaced again.
      assert.equal(steps[0]?.script, [branch, evil, words[2]].join(' | '));
    },
  },
];

/** A fork's pull request; alice may write, mallory may not. */
async function openFork(stage: Stage) {
  const { world } = stage;
  const { host, project } = world;
  host.addUser('alice', { writes: [project] });
  host.addUser('mallory');
  host.commit(project, 'main', { '.tekton/build.yaml': definition('build') });
  const fork = host.fork(project, 'mallory');
  const change = (text: string): string =>
    host.commit(fork, 'change', { '.tekton/evil.yaml': definition('evil'), text });
  const first = change('1');
  const { number, webhook } = host.webhooks.openPullRequest(project, { author: 'mallory', head: 'change', from: fork });
  assert.equal(await world.send(webhook), 202);
  await world.settled();
  // Some hosts show statuses where the commit lives, which is the fork.
  const shown = (sha: string): readonly SeenStatus[] => [project, fork].flatMap((at) => host.statuses(at, sha));
  return { number, first, change, shown };
}

const deployToken = 's3cret-value';

/** A Secret of the team, which params of its Repository name. */
async function createDeploySecret({ client, runNamespace }: GitWorld, namespace: string = runNamespace): Promise<void> {
  const data = { token: Buffer.from(deployToken).toString('base64') };
  const metadata = { namespace, name: 'deploy' };
  await client.create(secretType, { apiVersion: 'v1', kind: 'Secret', metadata, data });
}

const forkScenarios: readonly Scenario[] = [
  {
    name: 'what a fork changes in .tekton is run when it is approved, at that commit and no other',
    async run(stage) {
      const { world, host } = stage;
      const { number, first, change, shown } = await openFork(stage);
      const { webhooks } = world.host;
      const say = async (text: string, who: string): Promise<void> => {
        assert.equal(await world.send(webhooks.comment(world.project, number, text, who)), 202);
        await world.settled();
      };
      for (const text of ['/ok-to-test', '/test', '/retest evil', `/ok-to-test ${first}`]) await say(text, 'mallory');
      await expectRuns(world, 0);
      await say('/ok-to-test', 'alice');
      await expectRuns(world, 2);
      const second = change('2');
      assert.equal(await world.send(webhooks.synchronize(world.project, number, 'mallory')), 202);
      await world.settled();
      await expectRuns(world, 2);
      assert.equal(shown(second).at(-1)?.state, host.words['awaiting approval']);
      await say(`/ok-to-test ${first}`, 'alice');
      await say(`/ok-to-test ${first.slice(0, 7)}`, 'alice');
      await expectRuns(world, 2);
      await say(`/ok-to-test ${second.slice(0, 10)}`, 'alice');
      const shas = (await world.runs()).map(({ metadata }) => metadata.annotations?.[`${prefix}/sha`] ?? '');
      assert.deepEqual(shas.sort(), [first, first, second, second].sort());
    },
  },
  {
    name: 'a Secret that params name cannot be asked for by a fork that waits for approval',
    options: { repository: { params: [{ name: 'token', secret_ref: { name: 'deploy', key: 'token' } }] } },
    async run(stage) {
      const { world } = stage;
      const { host, project } = world;
      await createDeploySecret(world);
      host.addUser('alice', { writes: [project] });
      host.addUser('mallory');
      host.commit(project, 'main', { 'README.md': '1' });
      const fork = host.fork(project, 'mallory');
      const guess = (letter: string): string => cel(`guess-${letter}`, `token.startsWith("${letter}")`);
      const files = Object.fromEntries([...'qrst'].map((letter) => [`.tekton/${letter}.yaml`, guess(letter)]));
      const sha = host.commit(fork, 'change', { ...files, '.tekton/plain.yaml': definition('plain') });
      const options = { author: 'mallory', head: 'change', from: fork };
      const { number, webhook } = host.webhooks.openPullRequest(project, options);
      assert.equal(await world.send(webhook), 202);
      await world.settled();
      const shown = [project, fork].flatMap((at) => host.statuses(at, sha)).map(({ context }) => context);
      assert.deepEqual([...new Set(shown)], [`CI / plain / #${number}`]);
      // Whoever may, decides what may be done with it.
      assert.equal(await world.send(host.webhooks.comment(project, number, '/ok-to-test', 'alice')), 202);
      await world.settled();
      const names = (await world.runs()).map(
        ({ metadata }) => metadata.annotations?.[`${prefix}/original-prname`] ?? '',
      );
      assert.deepEqual(names.sort(), ['guess-s', 'plain']);
    },
  },
];

const shownScenarios: readonly Scenario[] = [
  {
    name: 'a token that a step prints is shown nowhere',
    options: { repository: { params: [{ name: 'token', secret_ref: { name: 'deploy', key: 'token' } }] } },
    async run(stage) {
      const { world } = stage;
      const { credential } = world.host.access;
      await createDeploySecret(world);
      const own = credential.type === 'token' ? [credential.token, world.host.webhookSecret] : [];
      const hidden = [...own, deployToken];
      const lines = ['cloning', ...hidden, ...hidden.map((token) => `https://x:${token}@host/`), 'fatal'];
      stage.steps.push({ durationMs: 60_000, exitCode: 1, output: `${lines.join('\n')}\n` });
      const pull = await openPull(stage);
      await world.settled();
      expectShown(stage, pull.sha, ['queued', 'running', 'failed'], pull.context);
      const [report] = await world.reports();
      const text = report?.spec.report.text ?? '';
      assert.match(text, /fatal/);
      const said = await everythingSaid(stage, pull.number);
      assert.deepEqual(
        hidden.filter((token) => said.includes(token)),
        [],
      );
    },
  },
  {
    name: 'a Secret of params that all Repositories take over is shown nowhere',
    async run(stage) {
      const { world } = stage;
      await createDeploySecret(world, world.systemNamespace);
      await world.client.create(repositories, {
        apiVersion: 'pipelinesascode.tekton.dev/v1alpha1',
        kind: 'Repository',
        metadata: { namespace: world.systemNamespace, name: 'pipelines-as-code' },
        spec: { params: [{ name: 'token', secret_ref: { name: 'deploy', key: 'token' } }] },
      });
      stage.steps.push({ durationMs: 60_000, exitCode: 1, output: `begin\n${deployToken}\nfatal\n` });
      await push(stage);
      await world.settled();
      const [report] = await world.reports();
      assert.match(report?.spec.report.text ?? '', /fatal/);
      assert.equal((await everythingSaid(stage)).includes(deployToken), false);
    },
  },
  {
    name: 'one commit in two pull requests and a push has a status in each',
    options: { settings: { 'skip-push-event-for-pr-commits': 'false' } },
    async run(stage) {
      const { world } = stage;
      const { host, project } = world;
      host.addUser('alice', { writes: [project] });
      host.commit(project, 'dev', { 'README.md': '1' });
      const sha = host.commit(project, 'change', { '.tekton/build.yaml': definition('build') });
      const opened = ['main', 'dev'].map((base) =>
        host.webhooks.openPullRequest(project, { author: 'alice', head: 'change', base }),
      );
      const sent = [...opened.map(({ webhook }) => webhook), host.webhooks.push(project, 'change', 'alice')];
      stage.steps.push({ durationMs: 1_000, exitCode: 1 });
      for (const webhook of sent) assert.equal(await world.send(webhook), 202);
      await world.settled();
      await expectRuns(world, 3);
      const contexts = [...opened.map(({ number }) => `CI / build / #${number}`), 'CI / build / change'];
      const ends = contexts.map((context) => world.sequence(sha, context).at(-1) ?? '');
      const { failed, succeeded } = stage.host.words;
      assert.deepEqual(ends.toSorted(), [failed, succeeded, succeeded].toSorted());
    },
  },
  {
    name: 'pull requests of one number in two organisations do not cancel each other',
    async run(stage) {
      const { world } = stage;
      const { host } = world;
      const other = host.addProject('umbrella', world.project.name);
      await addRepository(world, 'umbrella', other.url);
      const pulls = [];
      for (const project of [world.project, other]) {
        host.addUser('alice', { writes: [project] });
        const sha = host.commit(project, 'change', { '.tekton/build.yaml': definition('build') });
        stage.steps.push({ durationMs: 600_000 });
        const { number, webhook } = host.webhooks.openPullRequest(project, { author: 'alice', head: 'change' });
        assert.equal(await world.send(webhook), 202);
        pulls.push({ project, number, sha });
      }
      const [mine, theirs] = pulls as [(typeof pulls)[0], (typeof pulls)[0]];
      assert.equal(mine.number, theirs.number);
      await world.until(async () => (await world.runs()).length === 2, 'both run');
      assert.equal(await world.send(host.webhooks.comment(mine.project, mine.number, '/cancel', 'alice')), 202);
      await world.settled();
      const end = ({ project, sha }: typeof mine): string | undefined => host.statuses(project, sha).at(-1)?.state;
      assert.deepEqual([end(mine), end(theirs)], [stage.host.words.cancelled, stage.host.words.succeeded]);
    },
  },
];

/** Another Repository in the namespace of the runs, with the same secrets. */
async function addRepository({ client, runNamespace: namespace }: GitWorld, name: string, url: string): Promise<void> {
  const there = await client.get(repositories, { namespace, name: 'app' });
  await client.create(repositories, {
    apiVersion: there.apiVersion,
    kind: there.kind,
    metadata: { namespace, name },
    spec: { ...there.spec, url },
  });
}

const replicaScenarios: readonly Scenario[] = [
  {
    name: 'two Penstocks at once, each told of everything, make one run',
    virtualOnly: true,
    async run(stage) {
      const { world } = stage;
      const other = await world.startAnother();
      const sha = world.host.commit(world.project, 'main', { '.tekton/build.yaml': definition('build') });
      const webhook = world.host.webhooks.push(world.project, 'main', 'alice');
      const answers = await world.during(
        Promise.all([world.send(webhook), other.receive(webhook), world.send(webhook), other.receive(webhook)]),
      );
      assert.deepEqual(answers.map(String).toSorted(), ['200', '200', '200', '202']);
      await world.settled();
      await expectRuns(world, 1);
      const seen = world.sequence(sha, 'CI / build / main');
      assert.equal(seen.at(-1), stage.host.words.succeeded);
      assert.equal((await world.reports()).length, 1);
    },
  },
];

export const hostileScenarios: readonly Scenario[] = [
  ...definitionScenarios,
  ...commentScenarios,
  ...forkScenarios,
  ...shownScenarios,
  ...replicaScenarios,
];
