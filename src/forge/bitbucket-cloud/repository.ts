import { changesOfPush } from '../calls/pushed-changes.ts';
import { checkFileSize, readFiles } from '../calls/read-files.ts';
import { type RestApi, type RestCall, unlessMissing } from '../calls/rest-api.ts';
import {
  type ChangeRange,
  type ChangedFiles,
  ForgeError,
  type RepositoryFile,
  fileBytesMax,
  folderBytesMax,
  folderFilesMax,
} from '../forge.ts';
import type { Project, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { encodedPath, pathOf } from './cloud-api.ts';
import { readCommit, readRepository } from './webhook-parts.ts';

/** Folders below `.tekton` that one call looks into; deeper ones take further calls. */
const listingDepth = 8;
const listingEntriesMax = 2_000;
const changedFilesMax = 10_000;
const pageLength = 100;

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
}

/** Files below a folder at a commit. */
export async function readFolder(
  api: RestApi,
  project: Project,
  sha: string,
  folder: string,
): Promise<readonly RepositoryFile[]> {
  const found = await listFolder(api, project, sha, encodedPath(folder), listingDepth);
  if (found === undefined) return [];
  const what = `${api.host}: ${folder}`;
  checkFolder(what, found);
  const paths = found.map(({ path }) => path);
  return readFiles(what, paths, (path) => readFile(api, project, sha, path));
}

async function listFolder(
  api: RestApi,
  project: Project,
  sha: string,
  path: string,
  depth: number,
): Promise<readonly FoundFile[] | undefined> {
  const call = {
    path: `${pathOf(project)}/src/${encodeURIComponent(sha)}/${path}${path === '' ? '' : '/'}`,
    query: { pagelen: pageLength, max_depth: depth },
  };
  const list = await unlessMissing(api.list(call, listingEntriesMax, readEntry));
  if (list?.more) throw new ForgeError('too-large', `${api.host}: ${path} has more than ${listingEntriesMax} entries`);
  if (list === undefined) return undefined;
  const files = list.items.filter(({ kind }) => kind === 'file');
  const bottom = path.split('/').length + depth - 1;
  const deeper = list.items.filter(({ kind, path: below }) => kind === 'folder' && below.split('/').length > bottom);
  const rest = [];
  for (const below of deeper) {
    rest.push(...((await listFolder(api, project, sha, encodedPath(below.path), depth)) ?? []));
    if (files.length + rest.length > folderFilesMax) break;
  }
  return [...files, ...rest];
}

function readEntry(reader: PayloadReader): FoundFile & { readonly kind: 'file' | 'folder' | 'other' } {
  const type = reader.text('type');
  // Symbolic links and submodules lead out of the commit.
  const attributes = reader.texts('attributes');
  const plain = type === 'commit_file' && !attributes.includes('link') && !attributes.includes('subrepository');
  const kind = type === 'commit_directory' ? 'folder' : plain ? 'file' : 'other';
  return { kind, path: reader.text('path'), bytes: Number(reader.scalar('size')) };
}

function checkFolder(what: string, files: readonly FoundFile[]): void {
  if (files.length > folderFilesMax) {
    throw new ForgeError('too-large', `${what} has ${files.length} files; at most ${folderFilesMax} are read`);
  }
  const large = files.find(({ bytes }) => bytes > fileBytesMax);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (large === undefined && bytes <= folderBytesMax) return;
  throw new ForgeError('too-large', large ? `${what}: ${large.path} is too large` : `${what} has ${bytes} bytes`);
}

/** A file at a commit. */
export async function readFile(api: RestApi, project: Project, sha: string, path: string): Promise<string | undefined> {
  const call = { path: `${pathOf(project)}/src/${encodeURIComponent(sha)}/${encodedPath(path)}` };
  return checkFileSize(`${api.host}: ${path}`, await unlessMissing(api.text(call)));
}

export async function readProject(api: RestApi, project: Project): Promise<Project | undefined> {
  return unlessMissing(api.read({ path: pathOf(project) }, readRepository));
}

/** The commit of a branch, a tag or an id, also an abbreviated one. */
export async function readRevision(api: RestApi, project: Project, ref: string): Promise<Revision | undefined> {
  const target = (reader: PayloadReader): Revision => readCommit(reader.object('target'));
  const branch = (name: string): Promise<Revision | undefined> =>
    unlessMissing(api.read({ path: `${pathOf(project)}/refs/branches/${encodeURIComponent(name)}` }, target));
  if (ref.startsWith('refs/heads/')) return branch(ref.slice('refs/heads/'.length));
  if (ref.startsWith('refs/tags/')) {
    const name = encodeURIComponent(ref.slice('refs/tags/'.length));
    return unlessMissing(api.read({ path: `${pathOf(project)}/refs/tags/${name}` }, target));
  }
  const commit = (): Promise<Revision | undefined> =>
    unlessMissing(api.read({ path: `${pathOf(project)}/commit/${ref}` }, readCommit));
  if (/^[0-9a-f]{40}$/.test(ref)) return commit();
  if (ref === '') return undefined;
  return (await branch(ref)) ?? (/^[0-9a-f]{7,39}$/.test(ref) ? commit() : undefined);
}

/** Changed files of a push, from its one end to the other, or of a pull request, since it left its base. */
export async function changedFiles(api: RestApi, project: Project, range: ChangeRange): Promise<ChangedFiles> {
  if (range.kind === 'pull_request') {
    return readChanges(api, { path: `${pathOf(project)}/pullrequests/${range.number}/diffstat` });
  }
  const { before, after } = range;
  // The first commit is the one whose changes are told. Without `topic`, the two are compared as they are.
  const between = (to: string, topic: boolean): RestCall => ({
    path: `${pathOf(project)}/diffstat/${after}..${to}`,
    query: { topic: String(topic), merge: 'false', renames: 'true' },
  });
  return changesOfPush({
    sinceBefore: async () =>
      before === undefined ? undefined : unlessMissing(readChanges(api, between(before, false))),
    sinceLeft: async () => {
      const branch = (await readProject(api, project))?.defaultBranch;
      const tip = branch === undefined ? undefined : await readRevision(api, project, `refs/heads/${branch}`);
      return tip === undefined ? undefined : readChanges(api, between(tip.sha, true));
    },
    own: () => readChanges(api, { path: `${pathOf(project)}/diffstat/${after}` }),
  });
}

async function readChanges(api: RestApi, call: RestCall): Promise<ChangedFiles> {
  const { items, more } = await api.list(call, changedFilesMax, (reader) => ({
    status: reader.text('status'),
    old: reader.optionalObject('old')?.optionalText('path'),
    new: reader.optionalObject('new')?.optionalText('path'),
  }));
  const of = (status: (word: string) => boolean, end: 'old' | 'new'): readonly string[] =>
    items.filter((item) => status(item.status)).flatMap((item) => item[end] ?? []);
  const gone = ['removed', 'local deleted', 'remote deleted'];
  return {
    added: of((word) => word === 'added', 'new'),
    deleted: of((word) => gone.includes(word), 'old'),
    renamed: of((word) => word === 'renamed', 'new'),
    modified: of((word) => word !== 'added' && word !== 'renamed' && !gone.includes(word), 'new'),
    truncated: more,
  };
}
