import type { DefinitionProblem, RuleResult } from '../types.ts';

/** What one definition has to do with an event. */
export interface ExplainedDefinition {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly matched: boolean;
  /** What decided. */
  readonly by: 'annotations' | 'expression' | 'comment' | 'name';
  readonly rules: readonly RuleResult[];
  /** Why it does not match, or would fail before it starts. */
  readonly problem?: DefinitionProblem;
  /** What its author should know. */
  readonly warnings: readonly DefinitionProblem[];
}

/** One event, and what it leads to. */
export interface ExplainedEvent {
  /** One line: what happened where. */
  readonly summary: string;
  /** Commit that is tested, where it is known. */
  readonly sha?: string;
  /** Why nothing runs, whatever matches. */
  readonly nothing?: string;
  /** What could not be known here, and was taken for granted. */
  readonly notes: readonly string[];
  readonly definitions: readonly ExplainedDefinition[];
}

/** Why definitions are, or are not, for what happened. */
export interface MatchExplanation {
  readonly events: readonly ExplainedEvent[];
  /** Why the webhook is no event that Penstock acts upon. */
  readonly ignored?: string;
  /** What is wrong in `.tekton`, whatever happened. */
  readonly problems: readonly DefinitionProblem[];
}
