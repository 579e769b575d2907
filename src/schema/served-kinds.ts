import { builtinKinds } from './core/builtin-kinds.ts';
import type { KindDefinition } from './kind-definition.ts';
import { penstockKinds } from './penstock/penstock-kinds.ts';
import { repositoryKind } from './pipelines-as-code/repository.ts';
import { tektonKinds } from './tekton/tekton-kinds.ts';

/** All kinds that the embedded Penstock serves, and that its commands understand. */
export const servedKinds: readonly KindDefinition[] = [
  ...builtinKinds,
  ...tektonKinds,
  ...penstockKinds,
  repositoryKind,
];
