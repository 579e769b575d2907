/** The examples of gates are what the API takes, and the page about gates names every field. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GateRig } from '../../src/gate/gate-rig.ts';
import type { Gate } from '../../src/gate/types.ts';
import { gateSpec } from '../../src/schema/penstock/gate.ts';
import { parseYaml } from '../../src/yaml/parse-yaml.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'examples/gate');

describe('the gates of examples/', () => {
  for (const file of readdirSync(folder)) {
    it(`${file} is accepted as it stands`, async () => {
      const { documents, diagnostics } = parseYaml(readFileSync(join(folder, file), 'utf8'), file);
      assert.deepEqual(diagnostics, []);
      assert.equal(documents.length, 1);
      const { metadata, spec } = documents[0]?.value as unknown as Gate;
      await new GateRig(1).gate(metadata.name ?? '', spec);
    });
  }
});

describe('docs/gate.md', () => {
  it('has a row for every field of a gate', () => {
    const page = readFileSync(join(root, 'docs/gate.md'), 'utf8');
    const fields = Object.keys(gateSpec.properties ?? {});
    assert.deepEqual(
      fields.filter((field) => !page.includes(`| \`${field}\` |`)),
      [],
    );
    assert.ok(fields.length > 5);
  });
});
