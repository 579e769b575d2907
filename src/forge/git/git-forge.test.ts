import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ForgeError, type StatusState } from '../forge.ts';
import { GitFixture, reportOf } from './git-fixture.ts';

const states: readonly StatusState[] = [
  ...(['queued', 'awaiting_approval', 'running', 'succeeded', 'failed', 'error'] as const),
  ...(['lost', 'timed_out', 'cancelled', 'skipped', 'superseded'] as const),
];

const isProblem = (problem: string) => (thrown: unknown) => thrown instanceof ForgeError && thrown.problem === problem;

describe('the plain Git host: reading', () => {
  it('reads a folder at the very commit, all levels, whatever its files are called', async () => {
    using fixture = new GitFixture();
    const hostile = '.tekton/$(touch x) "quoted"\n-rf é.yaml';
    const old = fixture.commit({
      '.tekton/a.yaml': 'a: 1',
      '.tekton/deep/b.yaml': 'b: ü',
      [hostile]: 'c',
      'x.txt': 'x',
    });
    symlinkSync('/etc/passwd', join(fixture.work, '.tekton/link.yaml'));
    fixture.commit({ '.tekton/a.yaml': 'a: 2', '.tekton-other/z.yaml': 'z' });
    fixture.push();
    const forge = fixture.forge();

    const files = await forge.readFolder(fixture.project, old, '.tekton');
    const newest = await forge.readFolder(fixture.project, fixture.head(), '.tekton/');

    assert.deepEqual(
      new Map(files.map((file) => [file.path, file.text])),
      new Map([
        [hostile, 'c'],
        ['.tekton/a.yaml', 'a: 1'],
        ['.tekton/deep/b.yaml', 'b: ü'],
      ]),
    );
    assert.deepEqual(
      newest.map(({ path }) => path).toSorted(),
      [hostile, '.tekton/a.yaml', '.tekton/deep/b.yaml'].toSorted(),
    );
    assert.equal(newest.find(({ path }) => path === '.tekton/a.yaml')?.text, 'a: 2');
    assert.equal(await forge.readFile(fixture.project, old, hostile), 'c');
    assert.equal(await forge.readFile(fixture.project, old, './x.txt'), 'x');
    assert.equal((await forge.readFolder(fixture.project, old, '')).length, 4);
  });

  it('takes the bare repository where a clone of its name stands beside it', async () => {
    using fixture = new GitFixture();
    fixture.run(fixture.folder, 'clone', '--quiet', fixture.bare, join(fixture.folder, 'app'));
    const sha = fixture.commit({ 'a.txt': 'a' });
    fixture.push();

    assert.equal(await fixture.forge().readFile(fixture.project, sha, 'a.txt'), 'a');
    await fixture.forge().postStatus(reportOf(fixture.project, sha), {});
    assert.match(fixture.run(fixture.bare, 'notes', '--ref=penstock', 'list'), new RegExp(sha));
  });

  it('has no folder and no file where there is none, and says when there is no such commit', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ 'a.txt': 'a' });
    fixture.push();
    const forge = fixture.forge();

    assert.deepEqual(await forge.readFolder(fixture.project, sha, '.tekton'), []);
    assert.equal(await forge.readFile(fixture.project, sha, 'missing'), undefined);
    await assert.rejects(forge.readFolder(fixture.project, 'f'.repeat(40), '.tekton'), isProblem('refused'));
    await assert.rejects(forge.readFolder(fixture.project, '--output=x', '.tekton'), isProblem('refused'));
    await assert.rejects(forge.readFile(fixture.project, sha, '../outside'), isProblem('refused'));
    const nowhere = { ...fixture.project, url: `file://${fixture.folder}/none` };
    await assert.rejects(forge.readFolder(nowhere, sha, '.tekton'), /there is no Git repository/);
    const elsewhere = { ...fixture.project, url: 'file://host.example.org/app' };
    await assert.rejects(forge.readFolder(elsewhere, sha, '.tekton'), /names no path of this machine/);
  });

  it('refuses a folder of 500 files and one of files that are too large, and says how many it has', async () => {
    using fixture = new GitFixture();
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`.tekton/${index}.yaml`, 'a: b']));
    const sha = fixture.commit({ ...many, 'large/one.yaml': 'x'.repeat(1024 * 1024 + 1) });
    fixture.push();
    const forge = fixture.forge();

    await assert.rejects(forge.readFolder(fixture.project, sha, '.tekton'), /has 500 files; at most 200 are read/);
    await assert.rejects(forge.readFolder(fixture.project, sha, 'large'), /large\/one.yaml has 1048577 bytes/);
    await assert.rejects(forge.readFile(fixture.project, sha, 'large/one.yaml'), isProblem('too-large'));
  });

  it('uses only repositories below the folders it is given', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ 'a.txt': 'a' });
    fixture.push();

    const inside = await fixture.forge([fixture.folder]).readFile(fixture.project, sha, 'a.txt');

    assert.equal(inside, 'a');
    const other = fixture.forge([join(fixture.folder, 'work')]);
    await assert.rejects(other.readFile(fixture.project, sha, 'a.txt'), isProblem('forbidden'));
  });

  it('knows branches, tags and commits, and takes nothing else for one', async () => {
    using fixture = new GitFixture();
    const first = fixture.commit({ 'a.txt': 'a' }, 'First: ünïcode\n\nwith a body');
    fixture.run(fixture.work, 'tag', '-a', 'v1', '-m', 'the first');
    const second = fixture.commit({ 'a.txt': 'b' }, 'Second');
    fixture.push('HEAD', 'v1');
    const forge = fixture.forge();

    const tag = await forge.readRevision(fixture.project, 'refs/tags/v1');
    assert.deepEqual([tag?.sha, tag?.title, tag?.author], [first, 'First: ünïcode', 'Ada']);
    assert.equal(tag?.message, 'First: ünïcode\n\nwith a body');
    assert.match(tag?.date ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal((await forge.readRevision(fixture.project, 'main'))?.sha, second);
    assert.equal((await forge.readRevision(fixture.project, 'refs/heads/main'))?.sha, second);
    assert.equal((await forge.readRevision(fixture.project, first))?.title, 'First: ünïcode');
    assert.equal((await forge.readProject(fixture.project))?.defaultBranch, 'main');
    for (const hostile of [
      'none',
      '--all',
      '-n1',
      'main~1',
      'main^{tree}',
      'a b',
      'main\nHEAD',
      '',
      'refs/heads/../x',
      ':/First',
    ]) {
      assert.equal(await forge.readRevision(fixture.project, hostile), undefined, hostile);
    }
  });
});

describe('the plain Git host: changed files', () => {
  it('tells all of a push of several commits', async () => {
    using fixture = new GitFixture();
    const before = fixture.commit({ a: '1\n2\n3\n4\n5\n6\n', b: 'b', c: 'c' });
    fixture.commit({ a: null, 'moved é': '1\n2\n3\n4\n5\n6\n' });
    fixture.commit({ b: 'changed' });
    const after = fixture.commit({ c: null, d: 'new' });
    fixture.push();

    const changes = await fixture.forge().changedFiles(fixture.project, { kind: 'push', before, after });

    assert.deepEqual(changes, {
      added: ['d'],
      modified: ['b'],
      deleted: ['c'],
      renamed: ['moved é'],
      truncated: false,
    });
  });

  it('compares a new branch with the default one, and a tag in it with the commit before', async () => {
    using fixture = new GitFixture();
    const forge = fixture.forge();
    const root = fixture.commit({ a: 'a' });
    fixture.push();
    const added = async (after: string, before?: string): Promise<readonly string[]> =>
      (await forge.changedFiles(fixture.project, { kind: 'push', after, ...(before === undefined ? {} : { before }) }))
        .added;

    assert.deepEqual(await added(root), ['a'], 'the very first push');
    const tagged = fixture.commit({ b: 'b' });
    fixture.push('HEAD:main');
    assert.deepEqual(await added(tagged), ['b'], 'in the default branch already');
    fixture.run(fixture.work, 'checkout', '--quiet', '-b', 'feature', root);
    fixture.commit({ c: 'c' });
    const feature = fixture.commit({ d: 'd' });
    fixture.push('HEAD');
    assert.deepEqual(await added(feature), ['c', 'd'], 'a new branch');
    assert.deepEqual(await added(feature, 'e'.repeat(40)), ['c', 'd'], 'forced over a commit that is gone');
    assert.deepEqual(await added(feature, '0'.repeat(40)), ['c', 'd'], 'zeros, as a hook writes them');
  });
});

describe('the plain Git host: statuses', () => {
  it('shows every state as it is, and repeating writes nothing', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ a: 'a' });
    fixture.push();
    const forge = fixture.forge();
    const { project } = fixture;
    const notes = (): string => fixture.run(fixture.bare, 'rev-list', '--count', 'refs/notes/penstock').trim();

    assert.equal(await forge.readStatus(reportOf(project, sha), undefined), undefined);
    for (const state of states) {
      const report = reportOf(project, sha, { state, title: `now ${state} ✓`, detailsUrl: 'http://x/1' });
      assert.deepEqual(await forge.postStatus(report, undefined), { ok: true, handle: {} });
      const shown = await forge.readStatus(report, {});
      assert.deepEqual(shown, {
        state,
        hostState: state,
        title: `now ${state} ✓`,
        detailsUrl: 'http://x/1',
        externalId: 'build-0123456789',
        handle: {},
      });
    }

    const before = notes();
    await forge.postStatus(
      reportOf(project, sha, { state: 'superseded', title: 'now superseded ✓', detailsUrl: 'http://x/1' }),
      {},
    );
    assert.equal(notes(), before);
    assert.equal(before, String(states.length));
    assert.match(fixture.run(fixture.bare, 'notes', '--ref=penstock', 'show', sha), /"state": "superseded"/);
    fixture.run(fixture.bare, 'fsck', '--strict');
  });

  it('keeps contexts apart, and other commits', async () => {
    using fixture = new GitFixture();
    const first = fixture.commit({ a: 'a' });
    const second = fixture.commit({ a: 'b' });
    fixture.push();
    const forge = fixture.forge();
    const { project } = fixture;
    const contexts = ['__proto__', 'constructor', 'Penstock / ä / #1', 'x'.repeat(255)];

    for (const context of contexts)
      await forge.postStatus(reportOf(project, first, { context, state: 'failed' }), undefined);
    await forge.postStatus(reportOf(project, second, { state: 'succeeded' }), undefined);

    for (const context of contexts) {
      assert.equal((await forge.readStatus(reportOf(project, first, { context }), undefined))?.state, 'failed');
    }
    assert.equal(await forge.readStatus(reportOf(project, second, { context: 'toString' }), undefined), undefined);
    assert.equal((await forge.readStatus(reportOf(project, second), undefined))?.state, 'succeeded');
  });

  it('refuses to note a commit that is not there, and shows over what somebody else wrote there', async () => {
    using fixture = new GitFixture();
    const sha = fixture.commit({ a: 'a' });
    fixture.push();
    const forge = fixture.forge();

    await assert.rejects(forge.postStatus(reportOf(fixture.project, 'f'.repeat(40)), undefined), isProblem('refused'));
    assert.equal((await forge.postStatus(reportOf(fixture.project, 'main'), undefined)).ok, false);
    fixture.run(fixture.bare, 'notes', '--ref=penstock', 'add', '-m', 'not JSON', sha);
    assert.equal(await forge.readStatus(reportOf(fixture.project, sha), undefined), undefined);
    await forge.postStatus(reportOf(fixture.project, sha), undefined);
    assert.equal((await forge.readStatus(reportOf(fixture.project, sha), undefined))?.state, 'running');
  });
});

describe('the plain Git host: by SSH', () => {
  it('reads and shows statuses as on disk, and sees what is pushed later', async () => {
    using fixture = new GitFixture();
    const first = fixture.commit({ '.tekton/a.yaml': 'a: 1' });
    fixture.push();
    const { forge, project } = fixture.forgeBySsh();

    assert.equal((await forge.readRevision(project, 'main'))?.sha, first);
    assert.equal((await forge.readProject(project))?.defaultBranch, 'main');
    await forge.postStatus(reportOf(project, first), undefined);
    const second = fixture.commit({ '.tekton/a.yaml': 'a: 2' });
    fixture.push();
    assert.deepEqual(await forge.readFolder(project, second, '.tekton'), [{ path: '.tekton/a.yaml', text: 'a: 2' }]);
    await fixture.forge().postStatus(reportOf(fixture.project, first, { context: 'other' }), undefined);
    await forge.postStatus(reportOf(project, first, { state: 'succeeded' }), undefined);

    assert.equal((await forge.readStatus(reportOf(project, first), undefined))?.state, 'succeeded');
    assert.equal((await forge.readStatus(reportOf(project, first, { context: 'other' }), undefined))?.state, 'running');
    assert.equal((await fixture.forge().readStatus(reportOf(fixture.project, first), undefined))?.state, 'succeeded');
  });

  it('gives ssh nothing that is an option', async () => {
    using fixture = new GitFixture();
    const { forge, project } = fixture.forgeBySsh();
    for (const url of [
      'ssh://-oProxyCommand=x/app',
      'ssh://-x@host/app',
      'ssh://u:p@host/app',
      'ssh://host',
      'ext::sh -c x',
    ]) {
      const { cloneUrl: _cloneUrl, ...rest } = project;
      await assert.rejects(forge.readRevision({ ...rest, url }, 'main'), isProblem('refused'), url);
    }
  });
});
