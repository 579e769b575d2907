import { describe, it } from 'node:test';
import { killAgainAndAgain } from '../../test/support/killed-store.ts';
import { writeUntilKilled } from '../../test/support/store-writer.ts';

// This file is also the program that is killed.
const [role, directory = '', seed] = process.argv.slice(2);
if (role === 'write') await writeUntilKilled(directory, Number(seed));

describe('the SQLite store of a program that is killed', () => {
  it('has every acknowledged write, whole and in order, and never goes back', () => killAgainAndAgain(4));
});
