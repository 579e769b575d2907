import type { InboxOptions } from './create-inbox.ts';
import type { SecretMemory } from './secret-memory.ts';

/** What the parts of the inbox work with. */
export interface InboxParts extends Omit<InboxOptions, 'readSecret' | 'metrics'> {
  readonly memory: SecretMemory;
}

/** What became of a request; `source` where it is known better than from the path. */
export type InboxOutcome = { readonly source?: string } & (
  | { readonly result: 'accepted' | 'duplicate'; readonly delivery: string }
  | { readonly result: 'ignored'; readonly reason: string }
  | { readonly result: 'forged' | 'unavailable' | 'failed' }
  | {
      readonly result: 'refused';
      readonly status: 400 | 403 | 404 | 409 | 413;
      readonly message: string;
      readonly field?: string;
    }
);
