/** Warnings about the text of a body, which nobody sees any more once it is read. */
import { duplicatesInBody } from '../request-body.ts';
import type { ResourceCall } from '../resource-call.ts';
import { reportDuplicateFields } from '../write/judge-write.ts';
import type { WriteOptions, WriteResult } from '../write/write-options.ts';

/** What to warn of when a member is there twice; throws `BadRequest` when the request is strict. */
export function duplicateWarnings({ kind, request }: ResourceCall, options: WriteOptions): readonly string[] {
  if (options.fieldValidation === 'Ignore') return [];
  const warnings: string[] = [];
  reportDuplicateFields(kind, duplicatesInBody(request), options, warnings);
  return warnings;
}

/** The result with further warnings before its own. */
export function withWarnings(result: WriteResult, warnings: readonly string[]): WriteResult {
  return warnings.length === 0 ? result : { ...result, warnings: [...warnings, ...result.warnings] };
}
