import type { Random } from './random.ts';

/** Unpredictable enough for names and jitter; secrets come from `node:crypto`, never from here. */
export const systemRandom: Random = {
  integer: (low, high) => low + Math.floor(Math.random() * (high - low + 1)),
};
