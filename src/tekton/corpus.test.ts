import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { UnknownObject } from '../kube/object.ts';
import { prepareObject } from '../schema/prepare-object.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { invalidIn, unsupportedIn } from './admission.ts';
import { tektonDefaults, withDefaults } from './defaults.ts';
import { lintDocuments } from './lint.ts';

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/tekton');
const missing = existsSync(corpus) ? false : `no corpus at ${corpus}`;

/** Files that need what this version does not have. */
const waits =
  /matrix|resolver|sidecar|stepaction|artifacts|pipelines-in-pipelines|ignore-task-error|authenticating-git|workspace-isolation/;

interface Found {
  readonly file: string;
  readonly kind: string;
  readonly object: JsonObject;
}

function tektonObjects(): readonly Found[] {
  return globSync('**/*.yaml', { cwd: corpus }).flatMap((file) =>
    parseYaml(readFileSync(path.join(corpus, file), 'utf8'), file).documents.flatMap(({ value }) => {
      if (!isJsonObject(value) || value['apiVersion'] !== 'tekton.dev/v1') return [];
      return [{ file, kind: String(value['kind']), object: value }];
    }),
  );
}

function prepared(kind: string, object: JsonObject): JsonObject {
  const definition = tektonKinds.find(({ type }) => type.kind === kind);
  assert.ok(definition, kind);
  const written = withDefaults(kind, object, tektonDefaults);
  const result = prepareObject(definition, written as unknown as UnknownObject, { create: true });
  assert.deepEqual([result.causes, result.unknownFields], [[], []]);
  return result.object as unknown as JsonObject;
}

describe('Tasks, Pipelines and runs of the corpus', () => {
  it('are valid, or wait for a feature that is named', { skip: missing }, () => {
    const refused: string[] = [];
    const waiting = new Set<string>();
    const objects = tektonObjects();
    for (const { file, kind, object } of objects) {
      const stored = prepared(kind, object);
      const unsupported = unsupportedIn(kind, stored);
      if (unsupported.length > 0) waiting.add(file);
      for (const { message } of unsupported) assert.match(message, /is not supported yet; \w/);
      refused.push(...invalidIn(kind, stored).map(({ field, message }) => `${file} ${kind}: ${field}: ${message}`));
    }
    assert.deepEqual(refused, []);
    assert.ok(objects.length > 150, `${objects.length} objects`);
    assert.deepEqual(
      [...waiting].filter((file) => !waits.test(file)),
      [],
    );
  });

  it('fit together file by file, but for what needs a setting of the server', { skip: missing }, () => {
    const errors = globSync('**/*.yaml', { cwd: corpus }).flatMap((file) => {
      const { documents } = parseYaml(readFileSync(path.join(corpus, file), 'utf8'), file);
      const findings = lintDocuments(documents.map(({ value }) => value));
      return findings
        .filter(({ severity, message }) => severity === 'error' && !message.includes('is not supported yet'))
        .map(({ field, code }) => `${file} ${field} ${code}`);
    });
    assert.deepEqual(errors, ['taskruns/no-ci/default-workspaces.yaml spec.workspaces TaskRunValidationFailed']);
  });

  it('have defaults that a second filling does not change', { skip: missing }, () => {
    for (const { kind, object } of tektonObjects()) {
      const once = withDefaults(kind, object, tektonDefaults);
      assert.equal(withDefaults(kind, once, tektonDefaults), once);
    }
  });
});
