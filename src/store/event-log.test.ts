import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventLog, type LogEntry } from './event-log.ts';

function entry(revision: number): LogEntry {
  return { event: { type: 'put', key: 'k', revision, value: {}, createRevision: 2 }, replaced: undefined };
}

describe('EventLog', () => {
  it('finds every revision that it did not forget, over many times its length', () => {
    const log = new EventLog(100);
    const forgotten: number[] = [];
    for (let revision = 101; revision <= 30_000; revision++) {
      log.append(entry(revision));
      if (revision % 50 === 0) log.forget(revision - 70, ({ event }) => forgotten.push(event.revision));
    }
    assert.deepEqual([log.oldestRevision, log.newestRevision, log.length], [29_930, 30_000, 70]);
    for (let revision = 29_931; revision <= 30_000; revision++) assert.equal(log.at(revision).event.revision, revision);
    assert.deepEqual(
      forgotten,
      Array.from({ length: 29_830 }, (_, index) => 101 + index),
    );
    assert.throws(() => log.at(29_930), { code: 'ASSERTION' });
    assert.throws(() => log.at(30_001), { code: 'ASSERTION' });
  });

  it('has no gaps, and gives back the last entry', () => {
    const log = new EventLog(1);
    log.append(entry(2));
    assert.throws(() => log.append(entry(4)), { code: 'ASSERTION' });
    assert.equal(log.takeLast().event.revision, 2);
    assert.throws(() => log.takeLast(), { code: 'ASSERTION' });
    assert.equal(log.newestRevision, 1);
  });
});
