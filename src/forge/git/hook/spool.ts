import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObjectId, isRefName } from '../objects.ts';
import { pushSuffix, spoolFolder } from './hook-script.ts';

/** What a push did to one ref; an id of zeros = there was, or is, none. */
export interface PushedRef {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

/** A push that Penstock may not know of yet. */
export interface SpooledPush {
  /** The same however often it is sent. */
  readonly id: string;
  readonly pusher: string;
  /** RFC 3339, to the millisecond. */
  readonly receivedAt: string;
  readonly refs: readonly PushedRef[];
}

/** Pushes that wait; when there are more, the oldest go. */
const waitingMax = 10_000;
const refusedSuffix = '.refused';
/** Pushes that Penstock would not take are kept for whoever wants to know why. */
const refusedMax = 100;
const entryBytesMax = 16 * 1024 * 1024;

/** The folder in a git directory where the hook puts pushes. */
export class Spool {
  readonly #folder: string;

  constructor(gitDirectory: string) {
    this.#folder = join(gitDirectory, spoolFolder);
  }

  /** Ids of the pushes that wait, in the order in which they came, and how many had to go. */
  async waiting(): Promise<{ readonly ids: readonly string[]; readonly dropped: number }> {
    const ids = await this.#inOrder(pushSuffix);
    const surplus = ids.slice(0, Math.max(0, ids.length - waitingMax));
    for (const id of surplus) await this.#remove(id, pushSuffix);
    return { ids: ids.slice(surplus.length), dropped: surplus.length };
  }

  /** undefined = it is gone: another program has sent it meanwhile. */
  async read(id: string): Promise<SpooledPush | undefined> {
    const path = this.#path(id, pushSuffix);
    try {
      const { mtimeMs, size } = await stat(path);
      const text = size > entryBytesMax ? '' : await readFile(path, 'utf8');
      return parsePush(id, text, new Date(mtimeMs).toISOString());
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw thrown;
    }
  }

  /** Penstock knows of it. */
  async done(id: string): Promise<void> {
    await this.#remove(id, pushSuffix);
  }

  /** Penstock will never take it. */
  async refused(id: string): Promise<void> {
    await rename(this.#path(id, pushSuffix), this.#path(id, refusedSuffix)).catch(() => undefined); // Another did it.
    const ids = await this.#inOrder(refusedSuffix);
    for (const old of ids.slice(0, Math.max(0, ids.length - refusedMax))) await this.#remove(old, refusedSuffix);
  }

  /** What went wrong last, for people who look into the folder; undefined = all is well. */
  async note(problem: string | undefined): Promise<void> {
    const path = join(this.#folder, 'last-error');
    if (problem === undefined) return rm(path, { force: true });
    await mkdir(this.#folder, { recursive: true });
    await writeFile(path, `${problem}\n`);
  }

  async #inOrder(suffix: string): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw thrown;
    });
    const entries = names.filter((name) => /^[0-9a-z-]+\.[a-z]+$/.test(name) && name.endsWith(suffix));
    const aged = await Promise.all(
      entries.map(async (name) => ({
        id: name.slice(0, -suffix.length),
        // Nanoseconds: two pushes of one second have an order too.
        at: await stat(join(this.#folder, name), { bigint: true }).then(
          ({ mtimeNs }) => mtimeNs,
          () => undefined,
        ),
      })),
    );
    const there = aged.filter((entry): entry is { id: string; at: bigint } => entry.at !== undefined);
    return there.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1)).map(({ id }) => id);
  }

  async #remove(id: string, suffix: string): Promise<void> {
    await rm(this.#path(id, suffix), { force: true });
  }

  #path(id: string, suffix: string): string {
    return join(this.#folder, `${id}${suffix}`);
  }
}

/** Reads what the hook wrote: `pusher NAME`, then a line for each ref as git gives it. Other lines are left out. */
export function parsePush(id: string, text: string, receivedAt: string): SpooledPush {
  const [head = '', ...lines] = text.split('\n');
  const refs = lines.flatMap((line) => {
    const [, before = '', after = '', ref = ''] = /^([0-9a-f]+) ([0-9a-f]+) (.+)$/.exec(line) ?? [];
    return isObjectId(before) && isObjectId(after) && isRefName(ref) ? [{ ref, before, after }] : [];
  });
  const pusher = head.replace(/^pusher /, '').trim();
  return { id, pusher: pusher === '' ? 'unknown' : pusher, receivedAt, refs };
}
