/** What the parts of this room say to each other. All of it is plain data. */
import type { Json, JsonObject } from '../base/json.ts';
import type { ChangedFiles } from '../forge/forge.ts';

/** One PipelineRun of `.tekton`. Placeholders are replaced in `name` and `annotations` only, once an event is known. */
export interface Definition {
  /** `metadata.name`, or `metadata.generateName` as it stands: what the published annotation `original-prname` says. */
  readonly name: string;
  /** Path in the repository. */
  readonly file: string;
  /** 1-based line at which the document starts. */
  readonly line: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly object: JsonObject;
}

/** A complaint about one file or definition: it fails that one only. */
export interface DefinitionProblem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Name of the definition, if it has one. */
  readonly definition?: string;
  /** Path of the field, or the annotation's key. */
  readonly field?: string;
  readonly message: string;
}

/** What `on-event` is compared with. */
export type MatchTrigger = 'push' | 'pull_request' | 'incoming' | 'merge_group' | 'schedule';

/** What is known of an event when definitions are matched. */
export interface MatchFacts {
  readonly trigger: MatchTrigger;
  /** As published; `pull_request_labeled` when nothing but labels is new, on every host. */
  readonly eventType: string;
  /** Title of the pull request, or of the commit. */
  readonly eventTitle: string;
  /** Branch or full tag ref the event is about: base of a pull request, what was pushed to. */
  readonly targetBranch: string;
  readonly sourceBranch: string;
  readonly targetUrl: string;
  readonly sourceUrl: string;
  readonly labels: readonly string[];
  /** The text of the comment that asks, if one does. */
  readonly comment?: string;
  readonly body: Json;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Custom params that apply: strings for expressions. */
  readonly params: Readonly<Record<string, string>>;
  /** Names of all custom params of the Repository: one that does not apply has no value, but is no unknown word. */
  readonly declaredParams?: readonly string[];
  /** Asked only when a rule needs it. */
  readonly changedFiles: () => Promise<ChangedFiles>;
}

/** What one rule said. */
export interface RuleResult {
  /** Annotation without prefix: `on-event`. */
  readonly rule: string;
  readonly wanted: string;
  readonly found: string;
  readonly ok: boolean;
}

/** Whether a definition is to run, and why, rule by rule. */
export interface MatchResult {
  readonly definition: Definition;
  readonly matched: boolean;
  /** What decided: the annotations, the CEL expression, the comment's regular expression, or being named. */
  readonly by: 'annotations' | 'expression' | 'comment' | 'name';
  readonly rules: readonly RuleResult[];
  /** A rule could not be read or evaluated: the definition does not match, and the author is told. */
  readonly problem?: DefinitionProblem;
}

/** A command in a comment. */
export interface Command {
  readonly kind: 'test' | 'retest' | 'ok-to-test' | 'cancel';
  /** One definition; absent = all. */
  readonly name?: string;
  /** Commit comments: where to run. */
  readonly branch?: string;
  readonly tag?: string;
  /** ok-to-test: the commit that is approved, whole or abbreviated. */
  readonly sha?: string;
  /** `key=value` pairs. */
  readonly args: Readonly<Record<string, string>>;
}

/** Values of templates. `text` are the standard variables and params; expressions see all of it. */
export interface TemplateFacts {
  readonly variables: Readonly<Record<string, string>>;
  readonly body: Json;
  readonly headers: Readonly<Record<string, string>>;
  readonly files: ChangedFiles | undefined;
}
