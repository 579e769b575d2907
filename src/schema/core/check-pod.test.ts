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
        initContainers: [{ ...container, name: 'first' }],
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
        initContainers: [{ ...container, name: 'first' }],
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

  const withVolume = (volume: JsonObject): JsonObject => ({ containers: [main], volumes: [{ name: 'v', ...volume }] });
  const withMain = (members: JsonObject): JsonObject => ({ containers: [{ ...main, ...members }] });
  const mounted = (mount: JsonObject): JsonObject => ({
    ...withMain({ volumeMounts: [{ name: 'v', mountPath: '/x', ...mount }] }),
    volumes: [{ name: 'v', emptyDir: {} }],
  });
  const at = 'spec.containers[0]';
  const faults: readonly (readonly [string, JsonObject, string])[] = [
    ['a name that is no label', withMain({ name: 'A_b' }), `${at}.name: FieldValueInvalid`],
    ['an image in spaces', withMain({ image: ' x' }), `${at}.image: FieldValueInvalid`],
    ['a pull policy', withMain({ imagePullPolicy: 'Now' }), `${at}.imagePullPolicy: FieldValueNotSupported`],
    [
      'a message policy',
      withMain({ terminationMessagePolicy: 'Now' }),
      `${at}.terminationMessagePolicy: FieldValueNotSupported`,
    ],
    [
      'a variable from nowhere',
      withMain({ env: [{ name: 'a', valueFrom: {} }] }),
      `${at}.env[0].valueFrom: FieldValueInvalid`,
    ],
    [
      'a variable from two places',
      withMain({ env: [{ name: 'a', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
      `${at}.env[0].valueFrom: FieldValueInvalid`,
    ],
    [
      'a secret without a key',
      withMain({ env: [{ name: 'a', valueFrom: { secretKeyRef: { name: 's', key: '' } } }] }),
      `${at}.env[0].valueFrom.secretKeyRef.key: FieldValueRequired`,
    ],
    ['no port', withMain({ ports: [{ containerPort: 0 }] }), `${at}.ports[0].containerPort: FieldValueRequired`],
    [
      'a port beyond all',
      withMain({ ports: [{ containerPort: 70_000 }] }),
      `${at}.ports[0].containerPort: FieldValueInvalid`,
    ],
    [
      'a protocol',
      withMain({ ports: [{ containerPort: 1, protocol: 'X' }] }),
      `${at}.ports[0].protocol: FieldValueNotSupported`,
    ],
    [
      'no quantity',
      withMain({ resources: { limits: { cpu: 'much' } } }),
      `${at}.resources.limits[cpu]: FieldValueInvalid`,
    ],
    [
      'less than nothing',
      withMain({ resources: { requests: { cpu: '-1' } } }),
      `${at}.resources.requests[cpu]: FieldValueInvalid`,
    ],
    [
      'more than allowed',
      withMain({ resources: { limits: { cpu: '1500m' }, requests: { cpu: '2' } } }),
      `${at}.resources.requests: FieldValueInvalid`,
    ],
    ['a way out of a volume', mounted({ subPath: 'a/../../b' }), `${at}.volumeMounts[0].subPath: FieldValueInvalid`],
    ['an absolute way', mounted({ subPath: '/b' }), `${at}.volumeMounts[0].subPath: FieldValueInvalid`],
    ['two ways', mounted({ subPath: 'a', subPathExpr: 'b' }), `${at}.volumeMounts[0].subPathExpr: FieldValueInvalid`],
    [
      'two sources',
      withVolume({ emptyDir: {}, hostPath: { path: '/' } }),
      'spec.volumes[0].hostPath: FieldValueForbidden',
    ],
    ['a volume that is no label', withVolume({ name: 'V', emptyDir: {} }), 'spec.volumes[0].name: FieldValueInvalid'],
    ['a nameless map', withVolume({ configMap: {} }), 'spec.volumes[0].configMap.name: FieldValueRequired'],
    [
      'a nameless projected secret',
      withVolume({ projected: { sources: [{ secret: {} }] } }),
      'spec.volumes[0].projected.sources[0].secret.name: FieldValueRequired',
    ],
    [
      'a path out of the host',
      withVolume({ hostPath: { path: '/a/../b' } }),
      'spec.volumes[0].hostPath.path: FieldValueInvalid',
    ],
    [
      'a file out of the volume',
      withVolume({ secret: { secretName: 's', items: [{ key: 'a', path: '../b' }] } }),
      'spec.volumes[0].secret.items[0].path: FieldValueInvalid',
    ],
    [
      'rights beyond all',
      withVolume({ secret: { secretName: 's', defaultMode: 0o1000 } }),
      'spec.volumes[0].secret.defaultMode: FieldValueInvalid',
    ],
    [
      'a name used twice',
      { containers: [main], initContainers: [main] },
      'spec.initContainers[0].name: FieldValueDuplicate',
    ],
    [
      'a probe before the start',
      { containers: [main], initContainers: [{ name: 'first', readinessProbe: {} }] },
      'spec.initContainers[0].readinessProbe: FieldValueForbidden',
    ],
    ['a way to names', { containers: [main], dnsPolicy: 'X' }, 'spec.dnsPolicy: FieldValueNotSupported'],
    ['a label of nodes', { containers: [main], nodeSelector: { 'a b': 'c' } }, 'spec.nodeSelector: FieldValueInvalid'],
    [
      'what is added later',
      { containers: [main], ephemeralContainers: [main] },
      'spec.ephemeralContainers: FieldValueForbidden',
    ],
  ];
  for (const [name, spec, cause] of faults) it(`refuses ${name}`, () => assert.deepEqual(fieldsOf(spec), [cause]));

  it('lets a sidecar have probes', () => {
    const sidecar = { name: 'side', restartPolicy: 'Always', readinessProbe: {}, lifecycle: {} };
    assert.deepEqual(fieldsOf({ containers: [main], initContainers: [sidecar] }), []);
  });
});
