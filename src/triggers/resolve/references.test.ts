import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ForgeKind } from '../../forge/git-event.ts';
import { hostedFileOf } from './hosted-file.ts';
import { parseReference } from './references.ts';

describe('parseReference', () => {
  const told = (text: string, base?: string): unknown => {
    const parsed = parseReference(text, base);
    return parsed.ok ? parsed.reference : parsed.message;
  };

  it('tells addresses, catalogs, paths and names apart', () => {
    assert.deepEqual(told('https://x.example/a b'), { type: 'url', url: 'https://x.example/a%20b' });
    assert.deepEqual(told('git-clone'), { type: 'catalog', catalog: 'default', name: 'git-clone' });
    assert.deepEqual(told('git-clone:0.9'), { type: 'catalog', catalog: 'default', name: 'git-clone', version: '0.9' });
    assert.deepEqual(told('own://curl:1'), { type: 'catalog', catalog: 'own', name: 'curl', version: '1' });
    assert.deepEqual(told('/tasks//./a.yaml'), { type: 'path', path: 'tasks/a.yaml' });
    assert.deepEqual(told('./a/../b.yaml'), { type: 'path', path: 'b.yaml' });
    assert.equal(told('a/../../b'), '"a/../../b" leads out of the repository');
    assert.match(String(told('http://')), /is no address/);
    assert.match(String(told('file:///etc/passwd')), /neither an address/);
    assert.match(String(told('own://../../x')), /neither an address/);
  });

  it('reads relative ones beside the address they stand at', () => {
    const base = 'https://x.example/d/p.yaml?token=1';
    assert.deepEqual(told('./t.yaml', base), { type: 'url', url: 'https://x.example/d/t.yaml' });
    assert.deepEqual(told('../../../t.yaml', base), { type: 'url', url: 'https://x.example/t.yaml' });
    assert.deepEqual(told('lib/t.yaml', base), { type: 'path', path: 'lib/t.yaml' });
  });
});

describe('hostedFileOf', () => {
  const fileOf = (url: string, kind: ForgeKind, host: string): string | undefined => {
    const file = hostedFileOf(url, kind, host);
    return file && `${file.projectUrl} ${file.owner} ${file.name} ${file.ref} ${file.path}`;
  };

  it('reads the addresses of each host', () => {
    const github = 'https://github.com/o/n';
    const expected = 'https://github.com/o/n o n main d/t.yaml';
    assert.equal(fileOf('https://github.com/o/n/blob/main/d/t.yaml', 'github', github), expected);
    assert.equal(fileOf('https://github.com/o/n/raw/main/d/t.yaml', 'github', github), expected);
    assert.equal(fileOf('https://raw.githubusercontent.com/o/n/main/d/t.yaml', 'github', github), expected);
    assert.equal(
      fileOf('https://raw.githubusercontent.com/o/n/refs/heads/main/d/t.yaml', 'github', github),
      'https://github.com/o/n o n refs/heads/main d/t.yaml',
    );
    assert.equal(
      fileOf('https://raw.ghe.example/o/n/v1/t.yaml', 'github', 'https://ghe.example'),
      'https://ghe.example/o/n o n v1 t.yaml',
    );
    assert.equal(
      fileOf('https://gl.example/g/s/n/-/raw/feature%2Fx/t.yaml', 'gitlab', 'https://gl.example'),
      'https://gl.example/g/s/n g/s n feature/x t.yaml',
    );
    assert.equal(
      fileOf('https://gt.example:3000/o/n/src/branch/main/t.yaml', 'gitea', 'https://gt.example:3000/a/b'),
      'https://gt.example:3000/o/n o n refs/heads/main t.yaml',
    );
    assert.equal(
      fileOf('https://bitbucket.org/w/n/src/main/t.yaml', 'bitbucket-cloud', 'https://bitbucket.org/w/n'),
      'https://bitbucket.org/w/n w n main t.yaml',
    );
    assert.equal(
      fileOf(
        'https://dc.example/git/projects/K/repos/n/browse/d/t.yaml?at=refs%2Fheads%2Fx',
        'bitbucket-datacenter',
        'https://dc.example/git',
      ),
      'https://dc.example/git/projects/K/repos/n K n refs/heads/x d/t.yaml',
    );
  });

  it('takes no other host, port or scheme for the one it has a token of', () => {
    const github = 'https://github.com/o/n';
    for (const url of [
      'https://github.com.evil.example/o/n/blob/main/t.yaml',
      'https://evil.example/github.com/o/n/blob/main/t.yaml',
      'http://github.com/o/n/blob/main/t.yaml',
      'http://raw.githubusercontent.com/o/n/main/t.yaml',
      'https://github.com:444/o/n/blob/main/t.yaml',
      'https://raw.githubusercontent.com.evil.example/o/n/main/t.yaml',
    ]) {
      assert.equal(fileOf(url, 'github', github), undefined, url);
    }
  });

  it('takes nothing that is no file of a project', () => {
    for (const path of ['o/n', 'o/n/blob/main', 'o/n/issues/1', 'o/n/blob/main/%2e%2e/x', 'o/n/blob/%E0%A4%A/x', '']) {
      assert.equal(fileOf(`https://github.com/${path}`, 'github', 'https://github.com/o/n'), undefined, path);
    }
    for (const path of ['o/n/src/other/main/t.yaml', 'o/n/src/branch']) {
      assert.equal(fileOf(`https://gt.example/${path}`, 'gitea', 'https://gt.example'), undefined, path);
    }
  });
});
