/**
 * Without namespaces the literal paths of a pod do not exist. What the pod itself says is adapted: the paths of its
 * mounts in command, arguments, variables and scripts become the host directories behind them. Pure.
 */
import type { Mount } from '../runtime/container-runtime.ts';

/** A function that puts host paths in place of mount paths in a text. */
export type PathTranslation = (text: string) => string;

/**
 * Replaces each mount's target, where it stands as a whole path or is followed by `/`, by its source; longer targets
 * first. `/tekton/results2` is not touched by a mount at `/tekton/results`.
 */
export function pathTranslation(mounts: readonly Mount[]): PathTranslation {
  if (mounts.length === 0) return (text) => text;
  const sources = new Map(mounts.map(({ target, source }) => [target, source]));
  const targets = [...sources.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\w./-])(?:${targets.map(escaped).join('|')})(?![\\w.-])`, 'g');
  return (text) => text.replaceAll(pattern, (target) => sources.get(target) ?? target);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

/** A script adapted to the host: its paths, and `#!/bin/sh` (or ash) becomes `shell`, if there is a better one. */
export function translateScript(text: string, translate: PathTranslation, shell: string | undefined): string {
  const translated = translate(text);
  if (shell === undefined) return translated;
  return translated.replace(/^#!\s*(?:\/bin\/sh|\/bin\/ash|\/usr\/bin\/env\s+(?:sh|ash))(?=\s|$)/, `#!${shell}`);
}
