import { describe, it } from 'node:test';
import { killAgainAndAgain } from '../../test/support/killed-store.ts';

describe('the SQLite store of a program that is killed very often', () => {
  it('has every acknowledged write, whole and in order, and never goes back', () => killAgainAndAgain(100));
});
