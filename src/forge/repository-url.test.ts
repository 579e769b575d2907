import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { canonicalUrl, isSameRepository, ownerAndName, urlCharactersMax, urlProblem } from './repository-url.ts';

describe('canonicalUrl', () => {
  it('is the same for all ways to write one address', () => {
    for (const same of [
      'https://git.example.org/Team/app',
      'https://GIT.example.org:443/Team/app/',
      'https://git.example.org/Team/app.git',
      'https://git.example.org/Team/app.git//',
    ]) {
      assert.equal(canonicalUrl(same), 'https://git.example.org/Team/app', same);
    }
    assert.equal(canonicalUrl('file:///srv/git/app.git'), 'file:///srv/git/app');
    assert.equal(canonicalUrl('ssh://git@host:2222/app.git'), 'ssh://git@host:2222/app');
  });

  it('keeps apart what may differ', () => {
    assert.notEqual(canonicalUrl('https://a.org/Team/app'), canonicalUrl('https://a.org/team/app'));
    assert.notEqual(canonicalUrl('https://a.org:8443/x/y'), canonicalUrl('https://a.org/x/y'));
  });

  it('knows what is no address', () => {
    for (const wrong of ['', 'git@github.com:a/b.git', '/srv/git', 'github.com/a/b', 'https://']) {
      assert.equal(canonicalUrl(wrong), undefined, wrong);
    }
  });
});

describe('isSameRepository', () => {
  it('ignores case where hosts do, and nowhere else', () => {
    assert.equal(isSameRepository('https://github.com/Team/App.git', 'https://GitHub.com/team/app'), true);
    assert.equal(isSameRepository('file:///srv/App.git', 'file:///srv/App'), true);
    assert.equal(isSameRepository('file:///srv/App.git', 'file:///srv/app'), false);
    assert.equal(isSameRepository('https://github.com/team/app', 'https://github.com/team/apps'), false);
    assert.equal(isSameRepository('', ''), false);
  });
});

describe('ownerAndName', () => {
  it('takes the last part as the name', () => {
    assert.deepEqual(ownerAndName('https://gitlab.com/a/b/c.git'), { owner: 'a/b', name: 'c' });
    assert.deepEqual(ownerAndName('file:///app.git'), { owner: '', name: 'app' });
    assert.equal(ownerAndName('https://gitlab.com/'), undefined);
  });
});

describe('urlProblem', () => {
  it('lets web addresses pass, and files and ssh for plain Git only', () => {
    assert.equal(urlProblem('https://github.com/a/b', false), undefined);
    assert.equal(urlProblem('http://localhost:3000/a/b', false), undefined);
    assert.match(urlProblem('file:///srv/git/app.git', false) ?? '', /scheme file.*git_provider\.type git/);
    assert.equal(urlProblem('file:///srv/git/app.git', true), undefined);
    assert.equal(urlProblem('ssh://git@host/app.git', true), undefined);
  });

  it('says what is wrong', () => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['git@github.com:a/b.git', /no address/],
      ['ftp://github.com/a/b', /scheme ftp/],
      ['https://user:token@github.com/a/b', /Secret/],
      ['https://token@github.com/a/b', /Secret/],
      ['https://github.com/a/b?token=x', /query/],
      ['https://github.com/', /no repository/],
      [`https://github.com/a/${'b'.repeat(urlCharactersMax)}`, /longer/],
    ];
    for (const [url, message] of wrong) assert.match(urlProblem(url, false) ?? '', message, url);
  });
});
