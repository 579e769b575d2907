/** Signals that ask the program to end. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls `listener` at each request to end, in place of ending at once; the result gives that up. */
export function onInterrupt(listener: () => void): () => void {
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
