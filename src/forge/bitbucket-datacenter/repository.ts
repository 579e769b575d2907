import { changesOfPush } from '../calls/pushed-changes.ts';
import { checkFileSize, readFiles } from '../calls/read-files.ts';
import { type RestApi, type RestCall, unlessMissing } from '../calls/rest-api.ts';
import { type ChangeRange, type ChangedFiles, ForgeError, type RepositoryFile, folderFilesMax } from '../forge.ts';
import type { Project, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { encodedPath, pathOf } from './datacenter-api.ts';
import { readCommit, readRepository } from './webhook-parts.ts';

const changedFilesMax = 10_000;
const pageLength = 1_000;

/** Files below a folder at a commit. */
export async function readFolder(
  api: RestApi,
  project: Project,
  sha: string,
  folder: string,
): Promise<readonly RepositoryFile[]> {
  const call = { path: `${pathOf(project)}/files/${encodedPath(folder)}`, query: { at: sha, limit: pageLength } };
  // One more than may be: what is beyond needs not to be known.
  const paths = await unlessNoPath(listPaths(api, call));
  if (paths === undefined) return [];
  if (paths.length > folderFilesMax) {
    throw new ForgeError('too-large', `${api.host}: ${folder} has more than ${folderFilesMax} files`);
  }
  const whole = paths.map((path) => [...folder.split('/'), path].filter(Boolean).join('/'));
  return readFiles(`${api.host}: ${folder}`, whole, (path) => readFile(api, project, sha, path));
}

/** Paths relative to the folder that is asked for. The list is of texts, not of objects. */
async function listPaths(api: RestApi, first: RestCall): Promise<readonly string[]> {
  const paths: string[] = [];
  for (let start: number | undefined = 0; start !== undefined && paths.length <= folderFilesMax;) {
    const call: RestCall = { ...first, query: { ...first.query, start } };
    const page = await api.read(call, (reader) => ({
      paths: reader.texts('values'),
      next: reader.flag('isLastPage') ? undefined : reader.optionalNumber('nextPageStart'),
    }));
    paths.push(...page.paths);
    start = page.next;
  }
  return paths;
}

/** A file at a commit. */
export async function readFile(api: RestApi, project: Project, sha: string, path: string): Promise<string | undefined> {
  const call = { path: `${pathOf(project)}/raw/${encodedPath(path)}`, query: { at: sha } };
  return checkFileSize(`${api.host}: ${path}`, await unlessNoPath(api.text(call)));
}

/** 404 is said of a missing path, commit and repository alike; the name of the exception tells which. */
async function unlessNoPath<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 404 && /NoSuchPath/.test(thrown.message)) return undefined;
    throw thrown;
  }
}

export async function readProject(api: RestApi, project: Project): Promise<Project | undefined> {
  const found = await unlessMissing(api.read({ path: pathOf(project) }, readRepository));
  if (found === undefined) return undefined;
  const branch = (reader: PayloadReader): string => reader.text('id').replace(/^refs\/heads\//, '');
  // An empty repository has none.
  const defaultBranch = await unlessMissing(api.read({ path: `${pathOf(project)}/default-branch` }, branch));
  return { ...found, ...(defaultBranch !== undefined && { defaultBranch }) };
}

/** The commit of a branch, a tag or an id. */
export async function readRevision(api: RestApi, project: Project, ref: string): Promise<Revision | undefined> {
  if (ref === '') return undefined;
  if (/^[0-9a-f]{40}$/.test(ref)) {
    return unlessMissing(api.read({ path: `${pathOf(project)}/commits/${ref}` }, readCommit));
  }
  const until = ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
  const call = { path: `${pathOf(project)}/commits`, query: { until, limit: 1 } };
  return (await unlessMissing(api.list(call, 1, readCommit)))?.items[0];
}

/** Changed files of a push, from its one end to the other, or of a pull request, since it left its base. */
export async function changedFiles(api: RestApi, project: Project, range: ChangeRange): Promise<ChangedFiles> {
  const base = pathOf(project);
  const limit = pageLength;
  if (range.kind === 'pull_request') {
    return readChanges(api, { path: `${base}/pull-requests/${range.number}/changes`, query: { limit } });
  }
  const { before, after } = range;
  const own = { path: `${base}/commits/${after}/changes` };
  return changesOfPush({
    sinceBefore: async () => {
      if (before === undefined) return undefined;
      return unlessMissing(readChanges(api, { ...own, query: { limit, since: before } }));
    },
    sinceLeft: async () => {
      const branch = (await readProject(api, project))?.defaultBranch;
      if (branch === undefined) return undefined;
      const query = { limit, from: after, to: `refs/heads/${branch}` };
      return readChanges(api, { path: `${base}/compare/changes`, query });
    },
    own: () => readChanges(api, { ...own, query: { limit } }),
  });
}

async function readChanges(api: RestApi, call: RestCall): Promise<ChangedFiles> {
  const { items, more } = await api.list(call, changedFilesMax, (reader) => ({
    type: reader.text('type'),
    path: reader.object('path').text('toString'),
  }));
  const of = (...types: readonly string[]): readonly string[] =>
    items.filter(({ type }) => types.includes(type)).map(({ path }) => path);
  const known = ['ADD', 'COPY', 'DELETE', 'MOVE'];
  return {
    added: of('ADD', 'COPY'),
    deleted: of('DELETE'),
    renamed: of('MOVE'),
    modified: items.filter(({ type }) => !known.includes(type)).map(({ path }) => path),
    truncated: more,
  };
}
