import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../kube/object.ts';
import { parseYaml } from '../../yaml/parse-yaml.ts';
import { World } from '../../tekton/pipeline-run/decision-fixture.ts';
import { isDone } from '../../tekton/pipeline-run/children.ts';
import { defaultTaskRunOptions } from '../../tekton/task-run/contract.ts';
import { resolveTask } from '../../tekton/task-run/resolve.ts';
import type { ParamValue, Pipeline, PipelineRun, ResultSpec, Task, TaskRun } from '../../tekton/types.ts';
import { buildPod } from './build-pod.ts';
import { defaultPodOptions } from './options.ts';
import { PodPlanError } from './step-plan.ts';

const corpus = join(import.meta.dirname, '../../../../shared/corpus/tekton');
const skip = existsSync(corpus) ? false : `no corpus at ${corpus}`;
const options = { ...defaultTaskRunOptions, ...defaultPodOptions };

/** How many pods the corpus gives at least; the other runs wait for features, and say so. */
const podsMin = 114;

/** What a refusal may say: a feature of a later issue; or, in one file, a default binding that is not configured here. */
const notYet = /not supported yet|relies on its image's own|workspace "source", but the run binds no such/;

/** Variables that must be filled in by the time a pod is made. */
const leftOver = /\$\((?:params|workspaces|context|results|inputs)[.[][^)]*\)/;

interface Counts {
  pods: number;
  refused: string[];
}

function check(taskRun: TaskRun, tasks: readonly Task[], file: string, counts: Counts): void {
  const findTask = (name: string) => {
    const object = tasks.find(({ metadata }) => metadata.name === name);
    return object === undefined ? ({ state: 'absent' } as const) : ({ state: 'found', object } as const);
  };
  const resolution = resolveTask({ taskRun, findTask, options });
  const note = `${file}: ${taskRun.metadata.name ?? ''}`;
  if (resolution.kind !== 'ready') {
    assert.ok(resolution.kind === 'refused', note);
    assert.match(resolution.refusal.message, notYet, note);
    counts.refused.push(`${note}: ${resolution.refusal.message}`);
    return;
  }
  try {
    const { pod } = buildPod(taskRun, resolution.task, 0, options);
    const text = JSON.stringify(pod.spec);
    assert.equal(leftOver.exec(text)?.[0], undefined, note);
    checkMounts(
      pod.spec.containers.concat(pod.spec.initContainers ?? []),
      new Set(pod.spec.volumes?.map(({ name }) => name)),
      note,
    );
    counts.pods++;
  } catch (thrown) {
    if (!(thrown instanceof PodPlanError)) throw thrown;
    assert.match(thrown.message, notYet, note);
    counts.refused.push(`${note}: ${thrown.message}`);
  }
}

function checkMounts(
  containers: readonly { readonly volumeMounts?: readonly { readonly name: string }[] }[],
  volumes: ReadonlySet<string>,
  note: string,
): void {
  for (const { volumeMounts = [] } of containers) {
    for (const { name } of volumeMounts) assert.ok(volumes.has(name), `${note}: no volume ${name}`);
  }
}

function valueFor({ type, properties }: ResultSpec): ParamValue {
  if (type === 'array') return ['first', 'second', 'third'];
  if (!properties) return 'text';
  return Object.fromEntries(Object.keys(properties).map((key) => [key, `value of ${key}`]));
}

/** The TaskRuns that a PipelineRun makes when all its tasks succeed. */
function childrenOf(
  spec: PipelineRun['spec'],
  tasks: readonly Task[],
  pipelines: readonly Pipeline[],
): readonly TaskRun[] {
  const world = new World({ spec, tasks, pipelines });
  for (let look = 0; look < 60 && !isDone(world.run); look++) {
    world.pass();
    for (const child of world.taskRuns.values()) {
      if (isDone(child)) continue;
      const declared = (child.spec.taskSpec ?? world.task(child.spec.taskRef?.name ?? '')?.spec)?.results ?? [];
      world.end(
        child.metadata.labels?.['tekton.dev/pipelineTask'] ?? '',
        true,
        Object.fromEntries(declared.map((one) => [one.name, valueFor(one)])),
      );
    }
  }
  return [...world.taskRuns.values()];
}

describe('pods of the corpus', { skip }, () => {
  it('are made for every run in scope, with every variable filled in', () => {
    const counts: Counts = { pods: 0, refused: [] };
    const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
    for (const file of files) {
      const objects = parseYaml(readFileSync(join(corpus, file), 'utf8'), file).documents.map(
        ({ value }) => value as unknown as KubeObject,
      );
      const ofKind = <T extends KubeObject>(kind: string): readonly T[] =>
        objects.filter((one): one is T => one.kind === kind);
      const tasks = ofKind<Task>('Task');
      for (const run of ofKind<TaskRun>('TaskRun')) {
        check({ ...run, metadata: { name: 'run', ...run.metadata, namespace: 'ns', uid: 'uid' } }, tasks, file, counts);
      }
      for (const run of ofKind<PipelineRun>('PipelineRun')) {
        for (const child of childrenOf(run.spec, tasks, ofKind<Pipeline>('Pipeline')))
          check(child, tasks, file, counts);
      }
    }
    assert.ok(counts.pods >= podsMin, `${counts.pods} pods; refused:\n${counts.refused.join('\n')}`);
  });
});
