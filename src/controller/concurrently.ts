/**
 * Calls `action` for each item, at most `limit` at a time, in order. All are tried even if some fail, unless `goOn`
 * answers false, which is asked before each; then the first error is thrown.
 */
export async function concurrently<T>(
  items: readonly T[],
  limit: number,
  action: (item: T) => Promise<void>,
  goOn: () => boolean = () => true,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const work = async (): Promise<void> => {
    while (next < items.length && goOn()) {
      const item = items[next++] as T;
      await action(item).catch((thrown: unknown) => errors.push(thrown));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (errors.length > 0) throw errors[0];
}
