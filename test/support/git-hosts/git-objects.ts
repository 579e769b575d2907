/** Commits and what they hold, with the names that git itself would give them. */
import { createHash } from 'node:crypto';

/** Files of a commit by path. */
export type Tree = ReadonlyMap<string, string>;

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

export interface Commit {
  readonly sha: string;
  readonly tree: Tree;
  readonly treeSha: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
}

/** An entry of a tree object, as `git ls-tree` shows it. */
export interface TreeEntry {
  /** From the root of the repository. */
  readonly path: string;
  readonly mode: '100644' | '040000';
  readonly type: 'blob' | 'tree';
  readonly sha: string;
  readonly size?: number;
}

/** What became of the files from one tree to another. */
export interface FileChange {
  readonly path: string;
  readonly previousPath?: string;
  readonly status: 'added' | 'modified' | 'removed' | 'renamed';
}

function objectSha(type: string, content: Buffer): string {
  return createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex');
}

export function blobSha(text: string): string {
  return objectSha('blob', Buffer.from(text));
}

/** All entries of a tree and of those below it, parents first; the first is the root itself with path ''. */
export function treeEntries(tree: Tree): readonly TreeEntry[] {
  return entriesBelow(tree, '');
}

function entriesBelow(tree: Tree, prefix: string): readonly TreeEntry[] {
  const names = new Set<string>();
  for (const path of tree.keys()) if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/')[0] ?? '');
  const direct: TreeEntry[] = [];
  const below: TreeEntry[] = [];
  for (const name of [...names].sort()) {
    const path = `${prefix}${name}`;
    const text = tree.get(path);
    if (text !== undefined) {
      direct.push({ path, mode: '100644', type: 'blob', sha: blobSha(text), size: Buffer.byteLength(text) });
    } else {
      const [root, ...inner] = entriesBelow(tree, `${path}/`);
      if (root !== undefined) direct.push({ ...root, path });
      below.push(...inner);
    }
  }
  const sha = treeSha(direct, prefix);
  return [{ path: prefix.slice(0, -1), mode: '040000', type: 'tree', sha }, ...direct, ...below];
}

function treeSha(entries: readonly TreeEntry[], prefix: string): string {
  // Git sorts folders as if their names ended in a slash.
  const key = ({ path, type }: TreeEntry): string => (type === 'tree' ? `${path}/` : path);
  const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(key(a)), Buffer.from(key(b))));
  const parts = sorted.flatMap(({ path, mode, sha }) => [
    Buffer.from(`${mode.replace(/^0/, '')} ${path.slice(prefix.length)}\0`),
    Buffer.from(sha, 'hex'),
  ]);
  return objectSha('tree', Buffer.concat(parts));
}

export function makeCommit(tree: Tree, parents: readonly string[], message: string, author: Signature): Commit {
  const root = treeEntries(tree)[0]?.sha ?? '';
  const who = `${author.name} <${author.email}> ${Math.floor(author.atMs / 1000)} +0000`;
  const lines = [
    `tree ${root}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
    '',
    message,
  ];
  return { sha: objectSha('commit', Buffer.from(lines.join('\n'))), tree, treeSha: root, parents, message, author };
}

/** Changes from `before` to `after`, by path. A file that vanished while the same content appeared was renamed. */
export function changesBetween(before: Tree, after: Tree): readonly FileChange[] {
  const gone = [...before].filter(([path]) => !after.has(path));
  const changes: FileChange[] = [];
  for (const [path, text] of after) {
    const old = before.get(path);
    if (old === text) continue;
    if (old !== undefined) {
      changes.push({ path, status: 'modified' });
      continue;
    }
    const source = gone.findIndex(([, content]) => content === text);
    const [previous] = source < 0 ? [] : gone.splice(source, 1);
    changes.push(previous ? { path, previousPath: previous[0], status: 'renamed' } : { path, status: 'added' });
  }
  changes.push(...gone.map(([path]): FileChange => ({ path, status: 'removed' })));
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
