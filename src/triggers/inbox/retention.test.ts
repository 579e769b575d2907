import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Delivery, DeliveryStatus } from '../../forge/kinds/delivery.ts';
import { deliveryObject } from './new-delivery.ts';
import { deliveriesKeptMax, deliveryKeepMs, oldDeliveries } from './retention.ts';

const nowMs = Date.UTC(2026, 0, 1);

function delivery(name: string, ageMs: number, status: DeliveryStatus = { phase: 'Done' }): Delivery {
  const receivedAt = new Date(nowMs - ageMs).toISOString();
  const spec = { forge: 'git', eventName: 'push', bodyHash: '', receivedAt, events: [], headers: {} } as const;
  return { ...deliveryObject(name, 'penstock', spec), status };
}

function names(all: readonly Delivery[]): readonly string[] {
  return oldDeliveries(all, nowMs).map(({ metadata }) => metadata.name ?? '');
}

describe('oldDeliveries', () => {
  it('are those that are over and older than they are kept', () => {
    const late = deliveryKeepMs + 1;
    assert.deepEqual(
      names([
        delivery('old', late),
        delivery('just', deliveryKeepMs),
        delivery('pending', late, { phase: 'Pending' }),
        delivery('planned', late, { phase: 'Planned' }),
        delivery('new', late, {}),
        delivery('failing', late, { phase: 'Failed' }),
        delivery('failed', late, { phase: 'Failed', completedAt: '2025-01-01T00:00:00Z' }),
      ]),
      ['old', 'failed'],
    );
  });

  it('are the oldest when there are too many, of those that are over', () => {
    const many = Array.from({ length: deliveriesKeptMax }, (_, index) => delivery(`d${index}`, index));
    assert.deepEqual(names(many), []);
    const waiting = delivery('waiting', 5, { phase: 'Planned' });
    assert.deepEqual(names([delivery('first', deliveriesKeptMax), ...many, waiting, delivery('newest', -1)]), [
      `d${deliveriesKeptMax - 1}`,
      'first',
    ]);
  });
});
