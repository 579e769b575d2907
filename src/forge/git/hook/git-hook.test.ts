import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../../base/errors.ts';
import type { JsonObject } from '../../../base/json.ts';
import { seededRandom } from '../../../base/random.ts';
import { VirtualClock } from '../../../base/virtual-clock.ts';
import { GitFixture } from '../git-fixture.ts';
import { installHook, uninstallHook } from './install-hook.ts';
import { gitWebhooks, pushedRefsMax } from '../webhook-format.ts';
import { type SendPushesOptions, type SentPushes, sendPushes } from './send-pushes.ts';
import { Spool, parsePush } from './spool.ts';

const isCode = (code: string) => (thrown: unknown) => thrown instanceof UserError && thrown.code === code;

/** `true` stands for Penstock: what it is started with goes nowhere. */
const command = ["/bin/true with 'quotes'"];

function install(fixture: GitFixture, options: object = {}): ReturnType<typeof installHook> {
  return installHook({ git: fixture.program, folder: fixture.bare, command, ...options });
}

interface Sent {
  readonly id: string;
  readonly body: string;
  readonly signature: string;
}

/** Penstock as a function: answers each message with the next of `statuses`, then with 202. */
function answering(...statuses: readonly (number | 'cut')[]): {
  readonly sent: Sent[];
  readonly fetch: SendPushesOptions['fetch'];
} {
  const [sent, left] = [[] as Sent[], [...statuses]];
  return {
    sent,
    fetch: async (_url, init) => {
      const headers = new Headers(init.headers);
      const [id, signature] = [headers.get('x-penstock-delivery') ?? '', headers.get('x-penstock-signature') ?? ''];
      const status = left.shift() ?? 202;
      if (status === 'cut') throw new Error('cut');
      sent.push({ id, body: String(init.body), signature });
      return new Response('words', { status });
    },
  };
}

function send(fixture: GitFixture, fetch: SendPushesOptions['fetch']): Promise<SentPushes> {
  const parts = { git: fixture.program, clock: new VirtualClock(), random: seededRandom(1) };
  return sendPushes({ ...parts, gitDirectory: fixture.bare, fetch, triesMax: 1 });
}

describe('the hook of plain repositories', () => {
  it('notes each push before the push is over, and what it noted is signed and sent in order', async () => {
    using fixture = new GitFixture();
    const { secretFile } = await install(fixture);
    const first = fixture.commit({ a: 'a' });
    fixture.push();
    fixture.run(fixture.work, 'tag', '-a', 'v1', '-m', 'first');
    const second = fixture.commit({ a: 'b' });
    fixture.push('HEAD', 'v1', ':refs/heads/none');
    const { sent, fetch } = answering();

    const outcome = await send(fixture, fetch);

    assert.deepEqual(outcome, { sent: 2, refused: 0, waiting: 0 });
    const secret = readFileSync(secretFile, 'utf8').trim();
    const bodies = sent.map(({ body, signature }) => {
      const request = { headers: { 'x-penstock-signature': signature }, body: Buffer.from(body) };
      assert.equal(gitWebhooks.verify(request, ['other', secret]), secret);
      assert.equal(gitWebhooks.normalise({}, JSON.parse(body) as JsonObject).ok, true);
      return JSON.parse(body) as {
        readonly repository: object;
        readonly refs: readonly object[];
        readonly receivedAt: string;
      };
    });
    assert.deepEqual(
      bodies.map(({ repository }) => repository),
      [1, 2].map(() => ({ url: `file://${fixture.bare}` })),
    );
    const none = '0'.repeat(40);
    assert.deepEqual(
      bodies.map(({ refs }) => refs),
      [
        [{ ref: 'refs/heads/main', before: none, after: first }],
        [
          { ref: 'refs/heads/main', before: first, after: second },
          { ref: 'refs/tags/v1', before: none, after: first },
        ],
      ],
    );
    assert.equal(new Set(sent.map(({ id }) => id)).size, 2);
    assert.deepEqual(readdirSync(join(fixture.bare, 'penstock-spool')), []);
  });

  it('keeps what is not taken, under the same id, and what comes after it', async () => {
    using fixture = new GitFixture();
    await install(fixture);
    for (const content of ['1', '2', '3']) {
      fixture.commit({ a: content });
      fixture.push();
    }
    const [down, refusing, up] = [answering('cut'), answering(202, 503), answering(400)];

    assert.deepEqual(
      { ...(await send(fixture, down.fetch)), problem: '' },
      { sent: 0, refused: 0, waiting: 3, problem: '' },
    );
    assert.match(readFileSync(join(fixture.bare, 'penstock-spool/last-error'), 'utf8'), /does not answer: cut/);
    assert.equal((await send(fixture, refusing.fetch)).waiting, 2);
    const last = await send(fixture, up.fetch);

    assert.deepEqual([last.sent, last.refused, last.waiting], [1, 1, 0]);
    assert.match(last.problem ?? '', /answered 400: words/);
    assert.equal(refusing.sent[1]?.id, up.sent[0]?.id);
    assert.equal(refusing.sent[1]?.body, up.sent[0]?.body);
  });

  it('sends a push of many refs in several messages', async () => {
    using fixture = new GitFixture();
    await install(fixture);
    fixture.commit({ a: 'a' });
    fixture.push(
      'HEAD:refs/heads/main',
      ...Array.from({ length: 2 * pushedRefsMax }, (_, n) => `HEAD:refs/heads/b${n}`),
    );
    const { sent, fetch } = answering();

    await send(fixture, fetch);

    const counts = sent.map(({ body }) => (JSON.parse(body) as { readonly refs: readonly object[] }).refs.length);
    assert.deepEqual(counts, [pushedRefsMax, pushedRefsMax, 1]);
    assert.equal(new Set(sent.map(({ id }) => id)).size, 3);
  });

  it('calls the hook that was there before with the same input, and brings it back', async () => {
    using fixture = new GitFixture();
    const hook = join(fixture.bare, 'hooks/post-receive');
    const earlier = '#!/bin/sh\ncat > heard; exit 7\n';
    mkdirSync(join(fixture.bare, 'hooks'), { recursive: true });
    writeFileSync(hook, earlier);
    chmodSync(hook, 0o755);

    const first = await install(fixture);
    const again = await install(fixture);
    const sha = fixture.commit({ a: 'a' });
    fixture.push();

    assert.equal(first.earlier, `${hook}.before-penstock`);
    assert.equal(again.earlier, first.earlier);
    assert.equal(readFileSync(join(fixture.bare, 'heard'), 'utf8'), `${'0'.repeat(40)} ${sha} refs/heads/main\n`);
    assert.equal(await uninstallHook(fixture.program, fixture.bare), true);
    assert.equal(readFileSync(hook, 'utf8'), earlier);
    assert.equal(await uninstallHook(fixture.program, fixture.bare), false);
    await assert.rejects(send(fixture, answering().fetch), isCode('GIT_HOOK_MISSING'));
  });

  it('lets a push through whatever happens to it', async () => {
    using fixture = new GitFixture();
    await install(fixture, { command: ['/nowhere/penstock'] });
    writeFileSync(join(fixture.bare, 'penstock-spool'), 'a file where the folder should be');
    const sha = fixture.commit({ a: 'a' });

    fixture.push();

    assert.equal(fixture.run(fixture.bare, 'rev-parse', 'main').trim(), sha);
  });

  it('keeps its secret from others, and changes only what it is asked to change', async () => {
    using fixture = new GitFixture();
    const first = await install(fixture, { url: 'https://penstock.example.org/ci' });
    const second = await install(fixture, { repositoryUrl: 'ssh://git@example.org/app' });

    assert.equal(first.address, 'https://penstock.example.org/ci/hooks/git');
    assert.deepEqual([second.address, second.repositoryUrl], [first.address, 'ssh://git@example.org/app']);
    assert.deepEqual([first.secretIsNew, second.secretIsNew], [true, false]);
    assert.equal(statSync(first.secretFile).mode & 0o777, 0o600);
    const secret = readFileSync(first.secretFile, 'utf8').trim();
    assert.match(secret, /^[0-9a-f]{64}$/);
    for (const name of ['hooks/post-receive', 'penstock-hook.json']) {
      assert.ok(!readFileSync(join(fixture.bare, name), 'utf8').includes(secret), name);
    }
  });

  it('refuses what it cannot do, and changes nothing then', async () => {
    using fixture = new GitFixture();
    const open = join(fixture.folder, 'open');
    writeFileSync(open, 'secret');
    chmodSync(open, 0o644);
    const empty = join(fixture.folder, 'empty');
    writeFileSync(empty, '\n', { mode: 0o600 });

    await assert.rejects(install(fixture, { folder: fixture.folder }), isCode('GIT_NOT_A_REPOSITORY'));
    await assert.rejects(install(fixture, { folder: join(fixture.folder, 'none') }), isCode('GIT_NOT_A_REPOSITORY'));
    await assert.rejects(install(fixture, { url: 'file:///x' }), isCode('GIT_HOOK_URL'));
    await assert.rejects(install(fixture, { secretFile: open }), isCode('GIT_HOOK_SECRET'));
    await assert.rejects(install(fixture, { secretFile: empty }), isCode('GIT_HOOK_SECRET'));
    await assert.rejects(install(fixture, { secretFile: join(fixture.folder, 'none') }), isCode('GIT_HOOK_SECRET'));
    fixture.run(fixture.bare, 'config', 'core.hooksPath', fixture.folder);
    await assert.rejects(install(fixture), isCode('GIT_HOOKS_ELSEWHERE'));
    assert.equal(existsSync(join(fixture.bare, 'hooks/post-receive')), false);
  });
});

describe('the spool', () => {
  it('gives up the oldest pushes when too many wait', async () => {
    using fixture = new GitFixture();
    const folder = join(fixture.bare, 'penstock-spool');
    mkdirSync(folder);
    for (let number = 0; number < 10_002; number++) writeFileSync(join(folder, `${number}.push`), 'pusher a\n');
    for (const number of [17, 4_711]) utimesSync(join(folder, `${number}.push`), 1, 1);

    const { ids, dropped } = await new Spool(fixture.bare).waiting();

    assert.deepEqual([ids.length, dropped], [10_000, 2]);
    assert.ok(!ids.includes('17') && !ids.includes('4711'));
    assert.equal(existsSync(join(folder, '17.push')), false);
  });

  it('reads what the hook wrote, and nothing that it cannot have written', () => {
    const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
    const text = `pusher ada l.\n${a} ${b} refs/heads/ü\n${a} x refs/heads/y\n${a} ${b} --option\n${a} ${b} refs/a..b\n\n`;

    const push = parsePush('1', text, 'now');

    assert.deepEqual(push, {
      id: '1',
      pusher: 'ada l.',
      receivedAt: 'now',
      refs: [{ ref: 'refs/heads/ü', before: a, after: b }],
    });
    assert.deepEqual(parsePush('1', '', 'now').refs, []);
  });
});
