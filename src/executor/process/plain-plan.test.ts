import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathTranslation, translateScript } from './plain-plan.ts';

const mounts = [
  { source: '/host/w', target: '/workspace', readOnly: false },
  { source: '/host/src', target: '/workspace/source', readOnly: true },
  { source: '/host/results', target: '/tekton/results', readOnly: false },
];

describe('paths of mounts, without namespaces', () => {
  const translate = pathTranslation(mounts);
  const cases: readonly (readonly [string, string])[] = [
    ['/workspace', '/host/w'],
    ['/workspace/x', '/host/w/x'],
    ['/workspace/source/x', '/host/src/x'],
    ['/workspace/sources', '/host/w/sources'],
    ['/tekton/results2', '/tekton/results2'],
    ['/tekton/results-x', '/tekton/results-x'],
    ['--out=/tekton/results/a,/workspace', '--out=/host/results/a,/host/w'],
    ['"/workspace"; cat /tekton/results/a', '"/host/w"; cat /host/results/a'],
    ['x/workspace', 'x/workspace'],
    ['https://example.org/workspace', 'https://example.org/workspace'],
    ['cd $HOME/workspace', 'cd $HOME/workspace'],
  ];
  for (const [text, wanted] of cases) it(`make ${wanted} of ${text}`, () => assert.equal(translate(text), wanted));

  it('are replaced in scripts, whose shell may be a better one', () => {
    const shell = '/x/sh';
    assert.equal(translateScript('#!/bin/sh\ncat /workspace/f', translate, shell), '#!/x/sh\ncat /host/w/f');
    assert.equal(translateScript('#!/usr/bin/env ash\n', translate, shell), '#!/x/sh\n');
    assert.equal(translateScript('#!/bin/sh -e\n', translate, shell), '#!/x/sh -e\n');
    assert.equal(translateScript('#!/bin/shell\n', translate, shell), '#!/bin/shell\n');
    assert.equal(translateScript('#!/bin/bash\n', translate, shell), '#!/bin/bash\n');
    assert.equal(translateScript('#!/bin/sh\n', translate, undefined), '#!/bin/sh\n');
  });
});
