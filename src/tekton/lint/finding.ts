import type { Problem } from '../validation/causes.ts';

/** Something wrong, or likely to be, in one of several documents. */
export interface Finding {
  /** Index of the document in the set. */
  readonly document: number;
  /** JSON path in it, `spec.tasks[0].name`; empty for the document as a whole. */
  readonly field: string;
  /** The reason a run would fail for, as Tekton names it, or that of the refusal: `ParameterMissing`, `FieldValueInvalid`. */
  readonly code: string;
  readonly message: string;
  /** An error makes a run impossible; a warning is about something that has no effect, or not the one it seems to have. */
  readonly severity: 'error' | 'warning';
}

/** An error. */
export function errorAt(document: number, field: string, code: string, message: string): Finding {
  return { document, field, code, message, severity: 'error' };
}

/** A warning. */
export function warningAt(document: number, field: string, code: string, message: string): Finding {
  return { document, field, code, message, severity: 'warning' };
}

/** Problems of one document as errors. */
export function findingsOf(problems: readonly Problem[], document: number): readonly Finding[] {
  return problems.map(({ field, reason, runReason, message }) =>
    errorAt(document, field, runReason ?? reason, message),
  );
}

/** Each message about a field once, as an error if any says so; errors first. */
export function uniqueFindings(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  return [...errors, ...warnings].filter(({ document, field, message }) => {
    const key = JSON.stringify([document, field, message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
