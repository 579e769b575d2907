import type { ConfigMap } from '../../kube/core-types.ts';
import { controllerReference } from '../../kube/object.ts';
import type { Volume } from '../../kube/pod.ts';
import { childName } from '../../tekton/names.ts';
import type { TaskRun } from '../../tekton/types.ts';
import { podAnnotation, podVolumes } from './names.ts';
import { PodPlanError, usesWrapper, type PodSteps } from './step-plan.ts';
import { wrapperScript } from './wrapper-script.ts';

/** Annotations of an object may have 256 KiB together; scripts beyond this travel in a ConfigMap. */
export const annotationScriptBytesMax: number = 200 * 1024;

/** What the API takes in a ConfigMap, less a little for its metadata. */
const configMapBytesMax = 1024 * 1024 - 16 * 1024;

/** Readable and executable for whoever a step runs as. */
const scriptMode = 0o755;

/** How the scripts of a pod reach it: in its own annotations, or in a ConfigMap made before it. */
export interface ScriptDelivery {
  readonly annotations: Readonly<Record<string, string>>;
  readonly volume?: Volume;
  readonly configMap?: ConfigMap;
}

/** Packs the scripts of `steps`, and the wrapper where one is needed. Throws {@link PodPlanError} when they are too long. */
export function deliverScripts(taskRun: TaskRun, podName: string, steps: PodSteps): ScriptDelivery {
  const files = filesOf(steps);
  if (files.length === 0) return { annotations: {} };
  const bytes = files.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length, 0);
  if (bytes > configMapBytesMax) {
    throw new PodPlanError(`the scripts of the steps have ${bytes} bytes together; ${configMapBytesMax} are possible`);
  }
  return bytes > annotationScriptBytesMax ? inConfigMap(taskRun, podName, files) : inAnnotations(files);
}

interface ScriptFile {
  readonly file: string;
  readonly annotation: string;
  readonly text: string;
}

function filesOf(pod: PodSteps): readonly ScriptFile[] {
  const files = pod.steps.flatMap(({ index, script }) =>
    script === undefined ? [] : [{ file: `script-${index}`, annotation: podAnnotation.script(index), text: script }],
  );
  return usesWrapper(pod)
    ? [...files, { file: 'wrapper', annotation: podAnnotation.wrapper, text: wrapperScript }]
    : files;
}

function inAnnotations(files: readonly ScriptFile[]): ScriptDelivery {
  const items = files.map(({ file, annotation }) => ({
    path: file,
    mode: scriptMode,
    fieldRef: { fieldPath: `metadata.annotations['${annotation}']` },
  }));
  return {
    annotations: Object.fromEntries(files.map(({ annotation, text }) => [annotation, text])),
    volume: { name: podVolumes.scripts, downwardAPI: { items, defaultMode: scriptMode } },
  };
}

function inConfigMap(taskRun: TaskRun, podName: string, files: readonly ScriptFile[]): ScriptDelivery {
  const name = childName(podName, '-scripts');
  return {
    annotations: {},
    volume: { name: podVolumes.scripts, configMap: { name, defaultMode: scriptMode } },
    configMap: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        ...(taskRun.metadata.namespace === undefined ? {} : { namespace: taskRun.metadata.namespace }),
        ownerReferences: [controllerReference(taskRun)],
      },
      immutable: true,
      data: Object.fromEntries(files.map(({ file, text }) => [file, text])),
    },
  };
}
