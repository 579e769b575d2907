import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isJsonObject } from '../base/json.ts';
import { apiVersionOf } from '../kube/resource.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { applySchema } from './apply-schema.ts';
import { canonicalKeys } from './canonical-keys.ts';
import { builtinKinds } from './core/builtin-kinds.ts';
import { tektonKinds } from './tekton/tekton-kinds.ts';

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/tekton');
const missing = existsSync(corpus) ? false : `no corpus at ${corpus}`;
const kinds = new Map(
  [...builtinKinds, ...tektonKinds].map((kind) => [`${apiVersionOf(kind.type)} ${kind.type.kind}`, kind]),
);

describe('schemas and manifests people write', () => {
  it('know every field of the Tekton examples', { skip: missing }, () => {
    const findings: string[] = [];
    let count = 0;
    for (const file of globSync('**/*.yaml', { cwd: corpus })) {
      for (const { value } of parseYaml(readFileSync(path.join(corpus, file), 'utf8'), file).documents) {
        const kind = isJsonObject(value)
          ? kinds.get(`${String(value['apiVersion'])} ${String(value['kind'])}`)
          : undefined;
        if (!kind || !isJsonObject(value)) continue;
        count += 1;
        const applied = applySchema(kind.schema, canonicalKeys(kind.schema, value), {
          defaults: true,
          nulls: 'typed',
        });
        findings.push(...applied.unknownFields.map((field) => `${file}: unknown field ${field}`));
        findings.push(...applied.causes.map((cause) => `${file}: ${cause.field}: ${cause.message}`));
      }
    }
    assert.deepEqual(findings, []);
    assert.ok(count > 200, `${count} documents`);
  });
});
