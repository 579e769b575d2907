/** What a commit message says to start nothing: lower case, in square brackets, anywhere. */
const skipWords = ['[skip ci]', '[ci skip]', '[skip tkn]', '[tkn skip]'] as const;

/** The word in a commit message that asks for no run; undefined if there is none. A command overrides it. */
export function skipWordIn(commitMessage: string): string | undefined {
  return skipWords.find((word) => commitMessage.includes(word));
}
