import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Container, EnvVar, Pod } from '../../kube/pod.ts';
import { PodConfigError } from './config-error.ts';
import { containerEnvironment } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import { referencedNames } from '../../kube/pod-references.ts';

describe('expandVariables', () => {
  const values: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', NESTED: '$(A)', 'odd name': 'odd' };
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['$(A)', 'a'],
    ['x$(A)$(A)y', 'xaay'],
    ['$(EMPTY)|', '|'],
    ['$(NONE)', '$(NONE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$$', '$'],
    ['$', '$'],
    ['$A ${A} $(A', '$A ${A} $(A'],
    ['$(NESTED)', '$(A)'],
    ['$(odd name)', 'odd'],
    ['$()', '$()'],
    ['cost: 5$', 'cost: 5$'],
    ['$($(A))', '$($(A))'],
  ];
  for (const [text, wanted] of cases) {
    it(`makes ${JSON.stringify(wanted)} of ${JSON.stringify(text)}`, () => {
      assert.equal(
        expandVariables(text, (name) => values[name]),
        wanted,
      );
    });
  }
});

const secret = { apiVersion: 'v1', kind: 'Secret', metadata: {}, data: { TOKEN: 'czNjcmV0', 'a=b': 'eA==' } };
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { A: 'from map', B: 'b' } };

function environment(container: Omit<Container, 'name'>): Record<string, string> {
  const self = { name: 'c', ...container };
  const metadata = { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'x' } };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [self], nodeName: 'here' } } as Pod;
  return containerEnvironment({
    pod,
    container: self,
    objects: { secrets: new Map([['s', secret]]), configMaps: new Map([['c', configMap]]) },
    facts: { cpuCores: 2, memoryBytes: 3 * 2 ** 30, hostIp: '10.0.0.1' },
  });
}

const variable = (valueFrom: object): Record<string, string> =>
  environment({ env: [{ name: 'X', valueFrom } as EnvVar] });

describe('the variables of a container', () => {
  it('come from whole objects first, then one by one, the later one wins, and refer to those before', () => {
    const made = environment({
      envFrom: [
        { configMapRef: { name: 'c' } },
        { prefix: 'S_', secretRef: { name: 's' } },
        { secretRef: { name: 'none', optional: true } },
      ],
      env: [
        { name: 'A', value: 'a' },
        { name: 'C', value: '$(A)-$(B)-$(LATER)-$$(A)' },
        { name: 'LATER', value: 'x' },
      ],
    });
    assert.deepEqual(made, { A: 'a', B: 'b', S_TOKEN: 's3cret', C: 'a-b-$(LATER)-$(A)', LATER: 'x' });
  });

  it('come from members of the pod and from resources', () => {
    assert.deepEqual(variable({ fieldRef: { fieldPath: "metadata.labels['app']" } }), { X: 'x' });
    assert.deepEqual(variable({ fieldRef: { fieldPath: 'spec.nodeName' } }), { X: 'here' });
    assert.deepEqual(variable({ fieldRef: { fieldPath: 'status.hostIP' } }), { X: '10.0.0.1' });
    const resources = { limits: { memory: '1500Mi' }, requests: { cpu: '250m' } };
    const of = (resource: string, divisor?: string) =>
      environment({
        resources,
        env: [{ name: 'X', valueFrom: { resourceFieldRef: { resource, ...(divisor ? { divisor } : {}) } } }],
      })['X'];
    assert.deepEqual(
      [of('limits.memory', '1Gi'), of('requests.cpu'), of('requests.cpu', '1m'), of('limits.cpu')],
      ['2', '1', '250', '2'],
    );
    assert.throws(() => of('limits.gpu'), PodConfigError);
  });

  it('leave out what is optional and missing, and name what is required and missing', () => {
    assert.deepEqual(variable({ secretKeyRef: { name: 's', key: 'none', optional: true } }), {});
    assert.deepEqual(variable({ configMapKeyRef: { name: 'none', key: 'x', optional: true } }), {});
    const refused = (valueFrom: object, message: string) =>
      assert.throws(
        () => variable(valueFrom),
        (error) => error instanceof PodConfigError && error.message === message,
      );
    refused({ secretKeyRef: { name: 's', key: 'none' } }, `couldn't find key "none" in secret "n/s"`);
    refused({ configMapKeyRef: { name: 'none', key: 'x' } }, 'configmap "none" not found in namespace "n"');
    refused(
      { fieldRef: { fieldPath: 'spec.nonsense' } },
      'fieldPath "spec.nonsense" is not a member that a pod offers',
    );
    refused({ fileKeyRef: {} }, 'variable "X": this kind of valueFrom is not supported here');
  });

  it('hold no NUL byte', () => {
    assert.throws(() => environment({ env: [{ name: 'X', value: 'a\0b' }] }), PodConfigError);
  });
});

describe('the objects a pod refers to', () => {
  it('are found in variables, volumes and projections of all containers', () => {
    const spec = {
      initContainers: [{ name: 'i', envFrom: [{ configMapRef: { name: 'm1' } }, { secretRef: { name: 's1' } }] }],
      containers: [
        {
          name: 'c',
          env: [
            { name: 'A', valueFrom: { secretKeyRef: { name: 's2', key: 'k' } } },
            { name: 'B', valueFrom: { configMapKeyRef: { name: 'm2', key: 'k' } } },
          ],
        },
      ],
      volumes: [
        { name: 'a', secret: { secretName: 's3' } },
        { name: 'b', configMap: { name: 'm3' } },
        { name: 'p', projected: { sources: [{ secret: { name: 's4' } }, { configMap: { name: 'm4' } }] } },
      ],
    };
    const names = referencedNames({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec });
    assert.deepEqual([...names.secrets].sort(), ['s1', 's2', 's3', 's4']);
    assert.deepEqual([...names.configMaps].sort(), ['m1', 'm2', 'm3', 'm4']);
  });
});
