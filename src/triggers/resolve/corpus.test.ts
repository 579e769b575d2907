import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type JsonObject, isJsonObject } from '../../base/json.ts';
import { readDefinitions } from './read-definitions.ts';
import { resolveAll, runOf, sourcesOf } from './resolve-fixture.ts';
import { parseYaml } from '../../yaml/parse-yaml.ts';

const corpus = join(import.meta.dirname, '../../../../shared/corpus/pac/resolve');
const skip = existsSync(corpus) ? false : 'the acceptance data of Pipelines-as-Code is not on this machine';

const files = skip === false ? readdirSync(corpus).filter((name) => name.endsWith('.yaml')) : [];
const textOf = (name: string): string => readFileSync(join(corpus, name), 'utf8');
const remoteTask = (name: string, image: string): string =>
  `apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: ${name}}\nspec: {steps: [{name: step1, image: ${image}}]}\n`;
const documents = {
  'http://remote/remote-pipeline': `apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: remote}\nspec: {tasks: []}\n`,
  'http://remote/remote-task': remoteTask('remote-task', 'scratch'),
  'https://hub.example/api/v1/packages/tekton-task/tekton-catalog-tasks/foo': JSON.stringify({
    data: { manifestRaw: remoteTask('foo', 'scratch') },
  }),
  'http://remote/task-from-pipelinerun': remoteTask('remote-task', 'scratch'),
};
/** What the name of a file says must be refused, with words that must be in the message. */
const refused: Readonly<Record<string, RegExp>> = {
  'bad-tekton-yaml-generate-name.yaml': /spec\.pipelineSpec\.tasks.*must be of type array/,
  'bad-tekton-yaml-name.yaml': /spec\.pipelineSpec\.tasks.*must be of type array/,
  'referenced-pipeline-not-in-repo.yaml': /no Pipeline "pipeline-test1"/,
  'referenced-task-not-in-repo.yaml': /no Task "nothere"/,
};

function refsIn(run: JsonObject): readonly JsonObject[] {
  const { pipelineSpec } = run['spec'] as { pipelineSpec?: { tasks?: JsonObject[]; finally?: JsonObject[] } };
  return [...(pipelineSpec?.tasks ?? []), ...(pipelineSpec?.finally ?? [])].flatMap(({ taskRef }) =>
    isJsonObject(taskRef) ? [taskRef] : [],
  );
}

describe('the resolve corpus of Pipelines-as-Code', { skip }, () => {
  for (const name of files) {
    it(name, async () => {
      const text = textOf(name);
      const resolutions = await resolveAll([{ path: `.tekton/${name}`, text }], sourcesOf(documents));
      const runs = parseYaml(text, name).documents.filter(
        ({ value }) => isJsonObject(value) && value['kind'] === 'PipelineRun',
      );
      assert.equal(resolutions.length, runs.length);
      const wanted = refused[name];
      for (const resolution of resolutions) {
        if (wanted !== undefined) {
          assert.equal(resolution.ok, false);
          assert.match(resolution.ok ? '' : resolution.problem.message, wanted);
          assert.ok(!resolution.ok && (resolution.problem.line ?? 0) > 1);
          continue;
        }
        const run = runOf(resolution);
        assert.equal(run['apiVersion'], 'tekton.dev/v1');
        // What is left by reference is what others resolve or run.
        for (const { resolver, apiVersion } of refsIn(run)) assert.ok(resolver ?? apiVersion);
      }
    });
  }

  it('says where every file that is wrong is wrong', () => {
    const folder = readDefinitions(files.map((name) => ({ path: `.tekton/${name}`, text: textOf(name) })));
    assert.ok(folder.definitions.length > 0);
    for (const { message, line } of folder.problems) {
      assert.match(message, /is the name of two PipelineRuns/);
      assert.ok(line);
    }
  });
});
