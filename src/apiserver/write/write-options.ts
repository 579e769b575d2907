import type { UnknownObject } from '../../kube/object.ts';
import type { UserInfo } from '../../kube/user.ts';
import type { FieldValidation } from '../query-options.ts';

/** How a write is made, whatever it writes. */
export interface WriteOptions {
  readonly user: UserInfo;
  /** Who owns the fields that are written. */
  readonly manager: string;
  /** Do everything but store. */
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
}

/** What became of a write. */
export interface WriteResult {
  /** The object as it is stored now; after a removal, as it was last. */
  readonly object: UnknownObject;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'removed';
  /** For the `warning` header. */
  readonly warnings: readonly string[];
}
