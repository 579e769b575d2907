/** A place in a text: 1-based line and column (column in UTF-16 code units). */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something wrong with a document, with the place where a person can mend it. */
export interface Diagnostic {
  /** Stable identifier: `YAML_SYNTAX`, `YAML_TOO_LARGE`, `YAML_TOO_DEEP`, `YAML_ALIASES`, `YAML_NOT_TEXT`, … */
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly position?: Position;
  /** Path of the field, `spec.tasks[0].name`, where there is one. */
  readonly field?: string;
}

/** `file:line:column: field: message`, leaving out what is unknown: the form that editors and people follow. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, position, field, message } = diagnostic;
  const place = position ? `${file}:${position.line}:${position.column}` : file;
  return field && !message.startsWith(field) ? `${place}: ${field}: ${message}` : `${place}: ${message}`;
}
