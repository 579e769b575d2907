/**
 * Variables that say what an event is about. A comment may give params their values, but never these: else the run would
 * build another commit than the one whose status it sets, or read another tenant's namespace.
 */
const protectedNames: ReadonlySet<string> = new Set([
  'revision',
  'repo_url',
  'repo_owner',
  'repo_name',
  'target_branch',
  'source_branch',
  'target_url',
  'source_url',
  'target_namespace',
  'git_tag',
  'git_auth_secret',
  'sender',
  'event',
  'event_type',
  'event_title',
  'trigger_comment',
  'pull_request_number',
  'pull_request_labels',
  'body',
  'headers',
  'files',
  'pac',
  'cel',
]);

/** The variables that no argument of a comment may change, sorted. */
export const protectedVariables: readonly string[] = [...protectedNames].sort();

/** Whether a comment must not give this variable a value. */
export function isProtectedVariable(name: string): boolean {
  return protectedNames.has(name);
}
