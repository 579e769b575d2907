import type { PodTemplate } from '../types.ts';

/** Lists of named entries that are merged entry by entry; every other field is replaced as a whole. */
const namedLists = ['env', 'volumes'] as const;

/** `preferred` over `base`, field by field; `env` and `volumes` entry by entry by name (reference/tekton 2.14). */
export function mergePodTemplates(
  base: PodTemplate | undefined,
  preferred: PodTemplate | undefined,
): PodTemplate | undefined {
  if (base === undefined || preferred === undefined) return preferred ?? base;
  const merged: Record<string, unknown> = { ...base, ...preferred };
  for (const field of namedLists) {
    const list = mergeByName<{ readonly name: string }>(base[field] ?? [], preferred[field] ?? []);
    if (list.length > 0) merged[field] = list;
  }
  return merged;
}

function mergeByName<T extends { readonly name: string }>(base: readonly T[], preferred: readonly T[]): readonly T[] {
  const merged = new Map(base.map((entry) => [entry.name, entry]));
  for (const entry of preferred) merged.set(entry.name, entry);
  return [...merged.values()];
}
