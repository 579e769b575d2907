/** `penstock controller` in a process of its own is killed again and again; the API server and the steps go on. */
import { after, describe, it } from 'node:test';
import { crashControllers } from '../support/controller-crashes.ts';
import { Workplace } from '../support/penstock-process.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

describe('a controller that is killed at 20 random moments', () => {
  it('ends every run with the right verdict, runs no step twice unasked and leaves nothing behind', () =>
    crashControllers(workplace, 20, 1));
});
