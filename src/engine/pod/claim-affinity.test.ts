import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimAffinity } from './claim-affinity.ts';

describe('claimAffinity', () => {
  it('labels a pod with its claims and asks for the node of others with the label', () => {
    const { labels, affinity } = claimAffinity(['shared'], {});
    const [label = ''] = Object.keys(labels);
    assert.match(label, /^penstock\.dev\/claim-[0-9a-f]{8}$/);
    assert.deepEqual(affinity, {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { [label]: 'true' } }, topologyKey: 'kubernetes.io/hostname' },
        ],
      },
    });
  });

  it('adds to what the template says', () => {
    const given = {
      nodeAffinity: { a: 1 },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ b: 2 }] },
    };
    const { affinity } = claimAffinity(['shared'], { affinity: given });
    const terms = (affinity as typeof given).podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    assert.deepEqual((affinity as typeof given).nodeAffinity, given.nodeAffinity);
    assert.deepEqual([terms.length, terms[0]], [2, { b: 2 }]);
  });

  it('leaves pods alone that share nothing', () => {
    assert.deepEqual(claimAffinity([], {}), { labels: {} });
    assert.deepEqual(claimAffinity([], { affinity: { a: 1 } }), { labels: {}, affinity: { a: 1 } });
  });
});
