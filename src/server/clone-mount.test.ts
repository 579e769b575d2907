import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../base/system-clock.ts';
import { CloneServer } from '../forge/git/clone-server.ts';
import { cloneToken, isCloneToken } from '../forge/git/clone-token.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { createCloneMount } from './clone-mount.ts';
import { type Listener, startListener } from './listener.ts';

const execute = promisify(execFile);

describe('clones over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-clone-'));
  const origin = join(folder, 'origin');
  const project = { url: `file://${origin}`, owner: '', name: 'origin' };
  const clones = new CloneServer({
    clock: systemClock,
    surroundings: { path: '/usr/local/bin:/usr/bin:/bin' },
    key: 'a key',
  });
  clones.directoryOf = () => Promise.resolve(join(origin, '.git'));
  let listener: Listener;
  let attempt = 0;

  const git = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null' };
    return (await execute('git', [...args], { env })).stdout;
  };
  const clone = (url: string): Promise<string> => git('clone', '-q', url, join(folder, `copy-${++attempt}`));
  const withToken = (token: string): string =>
    (clones.cloneUrl(project) ?? assert.fail()).replace('://', `://penstock:${token}@`);

  before(async () => {
    await git('init', '-q', '-b', 'main', origin);
    // Larger than the buffers on the way.
    writeFileSync(join(origin, 'large'), Array.from({ length: 200_000 }, (_, line) => `${line * 7919}`).join('\n'));
    await git('-C', origin, 'add', '.');
    await git('-C', origin, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '-m', 'first');
    const mount = createCloneMount({
      prefix: '/git',
      handle: (request) => clones.handle(request),
      logger: silentLogger,
    });
    listener = await startListener({ mount });
    clones.address = `${listener.url}/git`;
  });
  after(async () => {
    await listener.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives all of the repository to who has its token', async () => {
    const { token = '' } = clones.credential(project) ?? {};
    await clone(withToken(token));
    const copied = readFileSync(join(folder, `copy-${attempt}`, 'large'), 'utf8');
    assert.equal(copied, readFileSync(join(origin, 'large'), 'utf8'));
  });

  it('gives one commit to who asks for that alone', async () => {
    const { token = '' } = clones.credential(project) ?? {};
    const sha = (await git('-C', origin, 'rev-parse', 'HEAD')).trim();
    const copy = join(folder, 'one');
    await git('init', '-q', copy);
    await git('-C', copy, 'fetch', '-q', '--depth=1', withToken(token), sha);
    assert.equal((await git('-C', copy, 'rev-parse', 'FETCH_HEAD')).trim(), sha);
  });

  it('gives nothing without a token, with that of another repository, or after it expired', async () => {
    const other = clones.credential({ ...project, url: 'file:///other' })?.token ?? '';
    for (const url of [clones.cloneUrl(project) ?? '', withToken(other), withToken('1-00')]) {
      await assert.rejects(clone(url), /Authentication failed|could not read Username|terminal prompts disabled/);
    }
    const token = cloneToken('key', 'file:///a', 1_000);
    assert.deepEqual(
      [isCloneToken('key', 'file:///a', token, 999), isCloneToken('key', 'file:///a', token, 1_000)],
      [true, false],
    );
    assert.equal(isCloneToken('key', 'file:///b', token, 999), false);
  });

  it('takes no push', async () => {
    const { token = '' } = clones.credential(project) ?? {};
    await assert.rejects(git('-C', origin, 'push', '-q', withToken(token), 'main'), /403|only fetching/);
  });
});
