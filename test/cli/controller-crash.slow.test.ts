/** As `controller-crash.test.ts`, ten times as often. */
import { after, describe, it } from 'node:test';
import { crashControllers } from '../support/controller-crashes.ts';
import { Workplace } from '../support/penstock-process.ts';

const workplace = new Workplace();
after(() => workplace[Symbol.asyncDispose]());

describe('a controller that is killed at 200 random moments', () => {
  it('ends every run with the right verdict, runs no step twice unasked and leaves nothing behind', () =>
    crashControllers(workplace, 200, 2));
});
