import type { UnknownObject } from '../../kube/object.ts';
import { lintObjects } from '../../tekton/lint.ts';
import type { Diagnostic } from '../../yaml/diagnostic.ts';
import type { YamlDocument } from '../../yaml/parse-yaml.ts';
import { at, codeOf } from './check-manifests.ts';

/** An object as it is going to be created, and the document it comes from. */
export interface Located {
  readonly object: UnknownObject;
  readonly document: YamlDocument;
}

/** Complaints of the two kinds. */
export interface Lint {
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** What is wrong with Tekton objects of the right shape, seen together: what a run of them would fail for. */
export function lintManifests(located: readonly Located[]): Lint {
  const tekton = located.filter(({ object }) => object.apiVersion.startsWith('tekton.dev/'));
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  for (const finding of lintObjects(tekton.map(({ object }, document) => ({ document, object })))) {
    const document = tekton[finding.document]?.document;
    // Two of one name have been refused before, with the place of the first.
    if (!document || (finding.code === 'FieldValueDuplicate' && finding.field === 'metadata.name')) continue;
    const diagnostic = at(document, finding.field, codeOf(finding.code), finding.message);
    (finding.severity === 'error' ? errors : warnings).push(diagnostic);
  }
  return { errors, warnings };
}
