import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../kube/object.ts';
import { parseYaml } from '../../yaml/parse-yaml.ts';
import type { ParamValue, Pipeline, PipelineRun, ResultSpec, Task, TaskRun } from '../types.ts';
import { isDone } from './children.ts';
import { World } from './decision-fixture.ts';
import { label } from './labels.ts';

const corpus = join(import.meta.dirname, '../../../../shared/corpus/tekton/pipelineruns');
const skip = existsSync(corpus) ? false : `no corpus at ${corpus}`;

/** More looks than the deepest pipeline of the corpus has levels. */
const looksMax = 60;

/** How many runs of the corpus must come to a good end here; the others wait for features, and say so. */
const succeededMin = 36;

/** Files whose pipelines come from a resolver or whose features are refused: by what the message says. */
const notYet = /not supported yet/;

function worldsOf(file: string): readonly World[] {
  const { documents } = parseYaml(readFileSync(file, 'utf8'), file);
  const objects = documents.map(({ value }) => value as unknown as KubeObject);
  const ofKind = <T extends KubeObject>(kind: string): readonly T[] =>
    objects.filter((one): one is T => one.kind === kind);
  const [tasks, pipelines] = [ofKind<Task>('Task'), ofKind<Pipeline>('Pipeline')];
  return ofKind<PipelineRun>('PipelineRun').map(({ spec }) => new World({ spec, tasks, pipelines }));
}

/** Lets every child succeed with a value for each result its Task declares. */
function playWell(world: World): void {
  for (let look = 0; look < looksMax && !isDone(world.run); look++) {
    world.pass();
    for (const child of world.taskRuns.values()) {
      if (!isDone(child)) world.end(child.metadata.labels?.[label.pipelineTask] ?? '', true, resultsOf(world, child));
    }
  }
}

function resultsOf(world: World, child: TaskRun): Record<string, ParamValue> {
  const spec = child.spec.taskSpec ?? world.task(child.spec.taskRef?.name ?? '')?.spec;
  return Object.fromEntries((spec?.results ?? []).map((result) => [result.name, valueFor(result)]));
}

function valueFor({ type, properties }: ResultSpec): ParamValue {
  if (type === 'array') return ['first', 'second', 'third'];
  if (!properties) return 'text';
  return Object.fromEntries(Object.keys(properties).map((key) => [key, `value of ${key}`]));
}

/** A result or task variable that should have been filled in by the time a child is made. */
const leftOver = /\$\((?:tasks|params|context\.pipeline(?:Run|Task)?|finally)\.[^)]*\)/;

function files(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name));
}

describe('PipelineRuns of the corpus', { skip }, () => {
  it('come to a good end when their tasks do, or name the feature they wait for', () => {
    let succeeded = 0;
    for (const file of files(corpus)) {
      for (const world of worldsOf(file)) {
        playWell(world);
        const note = `${file}: ${world.verdict} ${world.message}`;
        if (world.verdict.startsWith('True')) succeeded++;
        else assert.match(world.message, notYet, note);
        for (const child of world.taskRuns.values()) {
          const text = leftOver.exec(JSON.stringify([child.spec.params, child.spec.workspaces]))?.[0];
          assert.equal(text, undefined, `${note}: ${child.metadata.name} was given ${text}`);
        }
      }
    }
    assert.ok(succeeded >= succeededMin, `${succeeded} runs succeeded`);
  });
});
