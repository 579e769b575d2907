import { UserError } from '../../base/errors.ts';
import { type Diagnostic, formatDiagnostic } from '../../yaml/diagnostic.ts';

/** The most complaints shown at once. */
export const diagnosticsShownMax = 50;

/** What is written in the files cannot be run: one line for each complaint, in the order of the files. */
export class InvalidManifestsError extends UserError {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[], remedy?: string) {
    super(textOf(diagnostics), { code: 'INVALID_MANIFESTS', ...(remedy === undefined ? {} : { remedy }) });
    this.diagnostics = diagnostics;
  }
}

function textOf(diagnostics: readonly Diagnostic[]): string {
  const shown = diagnostics.slice(0, diagnosticsShownMax).map(formatDiagnostic);
  const rest = diagnostics.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n');
}
