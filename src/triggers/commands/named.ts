import type { Command } from '../types.ts';

/**
 * The name under which people know a definition: its own, without the `-` at the end of a `generateName`. Two definitions
 * of one folder cannot share it.
 */
export function plainName(name: string): string {
  return name.replace(/-$/, '');
}

/** Whether `word`, as somebody wrote it in a comment or a hook, names this definition. */
export function isNamed(definition: string, word: string): boolean {
  return plainName(definition) === plainName(word);
}

/** The commands that are about this definition: those that name it, or none. */
export function commandsFor(definition: string, commands: readonly Command[]): readonly Command[] {
  return commands.filter(({ name }) => name === undefined || isNamed(definition, name));
}
