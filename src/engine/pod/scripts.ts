import type { ConfigMap } from '../../kube/core-types.ts';
import { controllerReference } from '../../kube/object.ts';
import type { Volume } from '../../kube/pod.ts';
import { childName } from '../../tekton/names.ts';
import type { TaskRun } from '../../tekton/types.ts';
import { podAnnotation, podVolumes } from './names.ts';
import { PodPlanError, usesWrapper, type PodSteps } from './step-plan.ts';
import { wrapperScript } from './wrapper-script.ts';

/** Scripts beyond this travel in a ConfigMap. */
const annotationScriptBytesMax: number = 200 * 1024;

/** What the API takes in the annotations of an object together. */
const annotationBytesMax: number = 256 * 1024;

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

/** Packs the scripts of `steps`, and the wrapper where one is needed, beside the other `annotations` of the pod. Throws {@link PodPlanError} when they are too long. */
export function deliverScripts(
  taskRun: TaskRun,
  podName: string,
  steps: PodSteps,
  annotations: Readonly<Record<string, string>>,
): ScriptDelivery {
  const files = filesOf(steps);
  if (files.length === 0) return { annotations: {} };
  const bytes = bytesOf(files.map(({ text }) => text));
  if (bytes > configMapBytesMax) {
    throw new PodPlanError(`the scripts of the steps have ${bytes} bytes together; ${configMapBytesMax} are possible`);
  }
  const keys = files.map(({ annotation }) => annotation);
  const roomBytes = annotationBytesMax - bytesOf([...Object.entries(annotations).flat(), ...keys]);
  if (bytes > Math.min(annotationScriptBytesMax, roomBytes)) return inConfigMap(taskRun, podName, files);
  return inAnnotations(files);
}

function bytesOf(texts: readonly string[]): number {
  const encoder = new TextEncoder();
  return texts.reduce((sum, text) => sum + encoder.encode(text).length, 0);
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
  const { credentials, wrapper } = podAnnotation;
  return [
    ...files,
    ...(pod.credentialsScript === undefined
      ? []
      : [{ file: 'credentials', annotation: credentials, text: pod.credentialsScript }]),
    ...(usesWrapper(pod) ? [{ file: 'wrapper', annotation: wrapper, text: wrapperScript }] : []),
  ];
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
