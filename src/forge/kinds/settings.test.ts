import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultSettings, parseSettings } from './settings.ts';

describe('parseSettings', () => {
  it('gives the defaults for no data, without complaint', () => {
    assert.deepEqual(parseSettings(undefined), { settings: defaultSettings, complaints: [] });
    assert.deepEqual(parseSettings({ 'application-name': ' ' }).settings, defaultSettings);
  });

  it('reads the published keys and ours', () => {
    const { settings, complaints } = parseSettings({
      'application-name': 'CI',
      'status-context-scope': 'event',
      'secret-auto-create': 'False',
      'secret-github-app-token-scoped': 'no',
      'secret-github-app-scope-extra-repos': 'a/b, c/*,',
      'remote-tasks': '0',
      'tekton-dashboard-url': 'https://tekton.example.org/',
      'details-url': 'https://ci.example.org',
      'error-log-snippet-number-of-lines': '10',
      'error-detection-max-number-of-lines': '-1',
      'enable-cancel-in-progress-on-push': 'true',
      'max-keep-run-upper-limit': '7',
      'remember-ok-to-test': 'on',
      'skip-push-event-for-pr-commits': 'false',
    });

    assert.deepEqual(complaints, []);
    assert.equal(settings.applicationName, 'CI');
    assert.equal(settings.statusContextScope, 'event');
    assert.equal(settings.gitAuthSecret, false);
    assert.equal(settings.tokenScoped, false);
    assert.deepEqual(settings.tokenFurtherRepositories, ['a/b', 'c/*']);
    assert.equal(settings.remoteTasks, false);
    assert.equal(settings.dashboardUrl, 'https://tekton.example.org');
    assert.equal(settings.detailsUrl, 'https://ci.example.org');
    assert.equal(settings.logSnippetLines, 10);
    assert.equal(settings.logAnnotationLines, Number.POSITIVE_INFINITY);
    assert.equal(settings.cancelInProgressOnPush, true);
    assert.equal(settings.keepRunsUpperLimit, 7);
    assert.equal(settings.rememberOkToTest, true);
    assert.equal(settings.skipPushOfPullRequests, false);
  });

  it('keeps what was in force where a value cannot be used, and complains once for each', () => {
    const previous = { ...defaultSettings, keepRunsDefault: 4, rememberOkToTest: true };
    const { settings, complaints } = parseSettings(
      {
        'default-max-keep-runs': 'many',
        'remember-ok-to-test': 'perhaps',
        'details-url': 'ftp://x',
        'status-context-scope': 'half',
        'error-detection-simple-regexp': '(?P<filename>.*)',
      },
      previous,
    );

    assert.equal(settings.keepRunsDefault, 4);
    assert.equal(settings.rememberOkToTest, true);
    assert.equal(settings.detailsUrl, undefined);
    assert.equal(settings.statusContextScope, 'full');
    assert.equal(settings.logAnnotationPattern, defaultSettings.logAnnotationPattern);
    assert.deepEqual(
      complaints.map(({ key }) => key),
      [
        'status-context-scope',
        'details-url',
        'error-detection-simple-regexp',
        'default-max-keep-runs',
        'remember-ok-to-test',
      ],
    );
  });

  it('names keys that it does not know', () => {
    const { complaints } = parseSettings({ frobnicate: '1', _example: 'x' });

    assert.deepEqual(
      complaints.map(({ key }) => key),
      ['frobnicate'],
    );
  });

  it('takes templates of names with the two published variables, and no others', () => {
    const namespaceKey = 'auto-configure-repo-namespace-template';
    const taken = '{{repo_owner}}-{{ repo_name }}-ci';
    assert.equal(parseSettings({ [namespaceKey]: taken }).settings.autoConfigureNamespace, taken);
    for (const wrong of ['{{ sender }}', '{{ repo_name }', 'Upper', 'a.b', 'a'.repeat(300)]) {
      const { settings, complaints } = parseSettings({ [namespaceKey]: wrong });
      assert.equal(settings.autoConfigureNamespace, defaultSettings.autoConfigureNamespace, wrong);
      assert.deepEqual(
        complaints.map(({ key }) => key),
        [namespaceKey],
      );
    }
  });

  it('reads catalogs in order of their numbers, and refuses those without id or url', () => {
    const { settings, complaints } = parseSettings({
      'catalog-2-id': 'two',
      'catalog-2-url': 'https://two.example.org',
      'catalog-1-id': 'one',
      'catalog-1-name': 'tekton',
      'catalog-1-url': 'https://one.example.org',
      'catalog-1-type': 'tektonhub',
      'catalog-3-id': 'three',
      'catalog-4-id': 'https',
      'catalog-4-url': 'https://four.example.org',
    });

    assert.deepEqual(settings.catalogs, [
      ...defaultSettings.catalogs,
      { id: 'one', name: 'tekton', url: 'https://one.example.org', type: 'tektonhub' },
      { id: 'two', name: 'two', url: 'https://two.example.org' },
    ]);
    assert.deepEqual(
      complaints.map(({ key }) => key),
      ['catalog-3-id', 'catalog-4-id'],
    );
  });
});
