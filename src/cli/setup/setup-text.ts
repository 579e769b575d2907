import type { Change } from './apply-objects.ts';

/** What was done, a line for each object. */
export function changeLines(changes: readonly Change[]): string {
  return changes.map((change) => `  ${change.outcome.padEnd(9)} ${change.what}${fieldsOf(change)}\n`).join('');
}

function fieldsOf({ fields }: Change): string {
  return fields.length === 0 ? '' : `: ${fields.join(', ')}`;
}
