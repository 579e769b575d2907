import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergedSteps } from './step-template.ts';

describe('mergedSteps', () => {
  it('leaves steps without a template alone', () => {
    const steps = [{ name: 'a' }];
    assert.equal(mergedSteps({ steps }), steps);
    assert.deepEqual(mergedSteps({}), []);
  });

  it('lays a step over the template: lists of names entry by entry, commands as a whole', () => {
    const stepTemplate = {
      image: 'base',
      command: ['one', 'two'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '1' },
      ],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
      securityContext: { runAsUser: 1, runAsGroup: 1 },
    };
    const steps = [
      {
        name: 'a',
        command: ['three'],
        env: [{ name: 'B', value: '2' }],
        volumeMounts: [{ name: 'w', mountPath: '/v' }],
        securityContext: { runAsUser: 2 },
      },
      { name: 'b', image: 'own', script: 'true' },
    ];
    const [a, b] = mergedSteps({ steps, stepTemplate });
    assert.deepEqual(a, {
      name: 'a',
      image: 'base',
      command: ['three'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
      volumeMounts: [{ name: 'w', mountPath: '/v' }],
      securityContext: { runAsUser: 2, runAsGroup: 1 },
    });
    assert.deepEqual([b?.image, b?.command, b?.script], ['own', undefined, 'true']);
  });

  it('merges resources and security member by member, however deep', () => {
    const stepTemplate = {
      computeResources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2' } },
      securityContext: { runAsUser: 1, capabilities: { drop: ['ALL'] } },
    };
    const own = { computeResources: { requests: { cpu: '3' } }, securityContext: { capabilities: { add: ['CHOWN'] } } };
    const [step] = mergedSteps({ steps: [{ name: 'a', ...own }], stepTemplate });
    assert.deepEqual(step?.computeResources, { requests: { cpu: '3', memory: '1Gi' }, limits: { cpu: '2' } });
    assert.deepEqual(step.securityContext, { runAsUser: 1, capabilities: { drop: ['ALL'], add: ['CHOWN'] } });
  });
});
