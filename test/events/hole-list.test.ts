/** docs/holes.md names tests that are there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('docs/holes.md', () => {
  const text = read('docs/holes.md');

  it('names tests by words that stand in their files', () => {
    const references = [...text.matchAll(/`((?:src|test)\/[^`]+)` "([^"]+)"/g)];
    assert.ok(references.length > 50, `${references.length} references`);
    for (const [, path = '', name = ''] of references) assert.ok(read(path).includes(name), `${path}: ${name}`);
  });

  it('has a line for each of H1 to H50, with a test', () => {
    for (let number = 1; number <= 50; number++) {
      const line = text.split('\n').find((each) => each.startsWith(`| H${number} |`));
      assert.match(line ?? '', /`(?:src|test)\//, `H${number}`);
    }
  });
});
