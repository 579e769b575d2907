import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../../src/base/virtual-clock.ts';
import { GitModel } from './git-model.ts';

describe('the model of a Git host', () => {
  it('names trees and commits as git does', (context) => {
    const files = { 'a.txt': 'a\n', 'a/b.txt': 'b\n', 'a-c': 'c', 'deep/er/file.yaml': 'x: 1\n' };
    const model = new GitModel(new VirtualClock());
    const repository = model.addRepository('org', 'app', files);
    const commit = repository.resolve('main');
    const folder = mkdtempSync(join(tmpdir(), 'git-model-'));
    context.after(() => rmSync(folder, { recursive: true }));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-C', folder, ...args], {
        encoding: 'utf8',
        env: {
          PATH: '/usr/bin:/bin',
          HOME: folder,
          GIT_AUTHOR_DATE: '1767225600 +0000',
          GIT_COMMITTER_DATE: '1767225600 +0000',
        },
      }).trim();
    git('init', '-q');
    git('config', 'user.name', 'org');
    git('config', 'user.email', 'org@users.example.org');
    git('add', '.');
    const tree = git('write-tree');
    assert.equal(commit?.treeSha, tree);
    const made = execFileSync('git', ['-C', folder, 'hash-object', '-t', 'commit', '-w', '--stdin'], {
      encoding: 'utf8',
      input: git('cat-file', 'commit', git('commit-tree', tree, '-m', 'Initial commit')).trimEnd(),
    }).trim();
    assert.equal(commit?.sha, made);
  });

  it('tells what changed since a branch was left', () => {
    const model = new GitModel(new VirtualClock());
    const repository = model.addRepository('org', 'app', { a: '1', b: '2', c: '3' });
    repository.commit('feature', { a: '10', b: '', d: '3', c: '' });
    repository.commit('main', { e: '5' });
    const changes = repository.changes(repository.resolve('main')?.sha ?? '', repository.resolve('feature')?.sha ?? '');
    assert.deepEqual(changes, [
      { path: 'a', status: 'modified' },
      { path: 'b', status: 'removed' },
      { path: 'd', previousPath: 'c', status: 'renamed' },
    ]);
  });

  it('moves the head of a pull request until it is closed', () => {
    const model = new GitModel(new VirtualClock());
    const repository = model.addRepository('org', 'app');
    const fork = model.fork(repository, 'guest');
    const first = fork.commit('fix', { x: '1' });
    const pull = repository.openPullRequest({ author: 'guest', head: 'fix', from: fork });
    assert.equal(repository.headSha(pull), first);
    const second = fork.commit('fix', { x: '2' });
    assert.equal(repository.headSha(pull), second);
    repository.closePullRequest(pull);
    fork.commit('fix', { x: '3' });
    assert.equal(repository.headSha(pull), second);
    assert.equal(repository.resolve(second.slice(0, 8))?.sha, second);
  });
});
