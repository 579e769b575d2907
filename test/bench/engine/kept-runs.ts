import { toRfc3339 } from '../../../src/base/clock.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { ApiClient } from '../../../src/client/api-client.ts';
import { pods } from '../../../src/kube/core-types.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { ResourceType } from '../../../src/kube/resource.ts';
import type { Store } from '../../../src/store/store.ts';
import { pipelineRuns, taskRuns } from '../../../src/tekton/types.ts';

/** The objects of one run as they are at its end, by what their keys in the store start with. */
export type FinishedRun = readonly { readonly prefix: string; readonly object: JsonObject }[];

/** Reads all PipelineRuns, TaskRuns and Pods: those of one run, when only one has been made. */
export async function readFinishedRun(client: ApiClient): Promise<FinishedRun> {
  const read = async <T extends KubeObject>(type: ResourceType<T>): Promise<FinishedRun> => {
    const { items } = await client.list(type, { namespace: 'default' });
    const prefix = type.group === '' ? type.resource : `${type.group}/${type.resource}`;
    return items.map((object) => ({ prefix, object: object as unknown as JsonObject }));
  };
  return [...(await read(pipelineRuns)), ...(await read(taskRuns)), ...(await read(pods))];
}

/** An instant as objects have it. */
const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;

/** Puts `count` copies of a finished run into a store that no server uses yet. Every name, UID and instant is the copy's own. */
export async function keepFinishedRuns(store: Store, run: FinishedRun, runName: string, count: number): Promise<void> {
  const uids = run.map(({ object }) => (object as unknown as KubeObject).metadata.uid ?? '');
  const texts = run.map(({ prefix, object }) => ({ prefix, text: JSON.stringify(object) }));
  for (let index = 0; index < count; index++) {
    for (const { prefix, text } of texts) {
      const copied = uids.reduce((rest, uid) => rest.replaceAll(uid, uidOfCopy(uid, index)), text);
      const later = copied.replaceAll(instant, (found) => toRfc3339(Date.parse(found) + index * 1000));
      const object = JSON.parse(later.replaceAll(runName, `kept-${index}`)) as JsonObject;
      const metadata = object['metadata'] as JsonObject;
      store.put(`${prefix}/default/${metadata['name'] as string}`, 0, (revision) => ({
        ...object,
        metadata: { ...metadata, resourceVersion: String(revision) },
      }));
    }
    if (index % runsPerTurn === 0) await store.durable();
  }
  await store.durable();
}

/** Written between two waits for the disk. */
const runsPerTurn = 500;

function uidOfCopy(uid: string, index: number): string {
  return uid.slice(0, -8) + index.toString(16).padStart(8, '0');
}
