import type { JsonObject } from '../base/json.ts';
import { crdManifest } from '../schema/crd-manifest.ts';
import { penstockKinds } from '../schema/penstock/penstock-kinds.ts';
import { repositoryKind } from '../schema/pipelines-as-code/repository.ts';
import { tektonKinds } from '../schema/tekton/tekton-kinds.ts';
import type { InstallOptions } from './install-options.ts';

/** Whose kinds a definition belongs to. */
export type CrdOwner = 'penstock' | 'tekton' | 'pipelines-as-code';

const kindsOf = { penstock: penstockKinds, tekton: tektonKinds, 'pipelines-as-code': [repositoryKind] } as const;

/** The CustomResourceDefinitions of one owner's kinds, as far as `options` want them. */
export function crdObjects(owner: CrdOwner, options: InstallOptions): readonly JsonObject[] {
  return isWanted(owner, options) ? kindsOf[owner].map(crdManifest) : [];
}

function isWanted(owner: CrdOwner, { engine, tektonCrds, pipelinesAsCodeCrds }: InstallOptions): boolean {
  switch (owner) {
    case 'penstock':
      return true;
    case 'tekton':
      return tektonCrds && engine === 'penstock';
    case 'pipelines-as-code':
      return pipelinesAsCodeCrds;
  }
}
