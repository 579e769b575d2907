import { describe, it } from 'node:test';
import { checkHistories, newSqliteSubject } from '../../test/support/store-histories.ts';
import { createMemoryStore } from './memory-store.ts';

describe('very many random histories', () => {
  it('of the memory store are those of the model', () => checkHistories(10_000, () => ({ open: createMemoryStore })));

  it('of the SQLite store are those of the model, opened again and again', () => checkHistories(500, newSqliteSubject));
});
