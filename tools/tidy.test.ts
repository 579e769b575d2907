import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readProject } from './tidy/read-project.ts';
import { findingsOf, findingText } from './tidy/rules.ts';

describe('the repository', () => {
  it('keeps its own rules', () => {
    const project = readProject(join(import.meta.dirname, '..'));
    assert.ok(project.sources.length > 100, 'the whole repository is read');
    assert.deepEqual(findingsOf(project).map(findingText), []);
  });
});
