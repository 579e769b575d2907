import { describe, it } from 'node:test';
import { checkHistories, newSqliteSubject } from '../../test/support/store-histories.ts';
import { createMemoryStore } from './memory-store.ts';

describe('random histories', () => {
  it('of the memory store are those of the model', () => checkHistories(300, () => ({ open: createMemoryStore })));

  it('of the SQLite store are those of the model, opened again and again', () => checkHistories(15, newSqliteSubject));
});
