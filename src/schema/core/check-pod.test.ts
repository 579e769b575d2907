import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../base/json.ts';
import type { UnknownObject } from '../../kube/object.ts';
import { checkPod } from './check-pod.ts';

function fieldsOf(spec: JsonObject): readonly string[] {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec } as UnknownObject;
  return checkPod(pod).map(({ field, reason }) => `${field}: ${reason}`);
}

const main = { name: 'main', image: 'x' };

describe('checkPod', () => {
  it('finds nothing wrong with a pod whose parts fit together', () => {
    const container = {
      ...main,
      env: [{ name: 'A.b-c 1', value: '' }],
      volumeMounts: [{ name: 'work', mountPath: '/work' }],
    };
    const volumes = [{ name: 'work', emptyDir: {} }];
    assert.deepEqual(
      fieldsOf({
        containers: [container],
        initContainers: [container],
        volumes,
        restartPolicy: 'Never',
        activeDeadlineSeconds: 1,
      }),
      [],
    );
  });

  it('names every field that does not fit', () => {
    assert.deepEqual(fieldsOf({}), ['spec.containers: FieldValueRequired']);
    const container = { ...main, env: [{ name: 'a=b' }], volumeMounts: [{ name: 'none', mountPath: '/x' }] };
    assert.deepEqual(
      fieldsOf({
        containers: [main, container],
        initContainers: [container],
        restartPolicy: 'Sometimes',
        activeDeadlineSeconds: 0,
      }),
      [
        'spec.containers[1].env[0].name: FieldValueInvalid',
        'spec.containers[1].volumeMounts[0].name: FieldValueNotFound',
        'spec.initContainers[0].env[0].name: FieldValueInvalid',
        'spec.initContainers[0].volumeMounts[0].name: FieldValueNotFound',
        'spec.restartPolicy: FieldValueNotSupported',
        'spec.activeDeadlineSeconds: FieldValueInvalid',
      ],
    );
  });
});
