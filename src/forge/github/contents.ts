/** What stands in a repository at a commit. */
import { readAnswer } from '../calls/read-answer.ts';
import { fileBytesMax, folderBytesMax, folderFilesMax, ForgeError, type RepositoryFile } from '../forge.ts';
import type { Project, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';
import type { ContentCache } from './content-cache.ts';
import { unlessMissing, type GithubApi } from './github-api.ts';
import { readRepository } from './webhook-parts.ts';

/** What lies in a folder, as git names it: by its content. */
export interface Tree {
  readonly entries: readonly TreeEntry[];
  readonly truncated: boolean;
}

/** What was read on behalf of a project before. */
export interface KnownContents {
  readonly blobs: ContentCache<string>;
  /** With all that is below them. */
  readonly trees: ContentCache<Tree>;
}

interface TreeEntry {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly sha: string;
  readonly bytes: number;
}

/** Files that are links or submodules have other modes. */
const fileMode = /^100/;
const wholeSha = /^[0-9a-f]{40,64}$/;

/** Owner and name as the API's paths want them. */
export function pathOfProject({ owner, name }: Project): { readonly owner: string; readonly repo: string } {
  return { owner, repo: name };
}

/** How messages name a project of this host. */
export function nameOf(api: GithubApi, { owner, name }: Project): string {
  return `${api.host}: ${owner}/${name}`;
}

export async function readProject(api: GithubApi, project: Project): Promise<Project | undefined> {
  const answer = await unlessMissing(api.of(project)('GET /repos/{owner}/{repo}', pathOfProject(project)));
  return answer === undefined ? undefined : readAnswer(nameOf(api, project), answer.data, readRepository);
}

/**
 * The files below a folder: one call for each part of its path, one for all that is in it unless just that was read before,
 * and one for each file whose content was not.
 */
export async function readFolder(
  api: GithubApi,
  known: KnownContents,
  at: { readonly project: Project; readonly sha: string; readonly folder: string },
): Promise<readonly RepositoryFile[]> {
  const parts = at.folder.split('/').filter((part) => part !== '');
  const what = `${nameOf(api, at.project)}: ${at.folder} at ${at.sha}`;
  let treeSha = at.sha;
  for (const part of parts) {
    const { entries, truncated } = await readTree(api, at.project, treeSha, false);
    const next = entries.find((entry) => entry.path === part && entry.type === 'tree');
    if (next === undefined && truncated) throw new ForgeError('too-large', `${what}: too many files beside it`);
    if (next === undefined) return [];
    treeSha = next.sha;
  }
  const { entries, truncated } = await readWholeTree(api, known.trees, at.project, treeSha);
  const files = entries.filter(({ type, mode }) => type === 'blob' && fileMode.test(mode));
  checkSize(what, files, truncated);
  const prefix = parts.length === 0 ? '' : `${parts.join('/')}/`;
  // All at once: how many are under way together is for the budget of the credential.
  return Promise.all(
    files.map(async (file) => ({
      path: `${prefix}${file.path}`,
      text: await readBlob(api, known.blobs, at.project, file.sha),
    })),
  );
}

function checkSize(what: string, files: readonly TreeEntry[], truncated: boolean): void {
  if (truncated || files.length > folderFilesMax) {
    throw new ForgeError('too-large', `${what} holds more than ${folderFilesMax} files`);
  }
  const large = files.find(({ bytes }) => bytes > fileBytesMax);
  if (large !== undefined) {
    throw new ForgeError(
      'too-large',
      `${what}: ${large.path} has ${large.bytes} bytes; at most ${fileBytesMax} are read`,
    );
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > folderBytesMax) throw new ForgeError('too-large', `${what} holds more than ${folderBytesMax} bytes`);
}

/** A tree, by its own name or by that of the commit it is the root of: neither ever holds anything else. */
async function readWholeTree(api: GithubApi, trees: ContentCache<Tree>, project: Project, sha: string): Promise<Tree> {
  const key = `${project.owner}/${project.name}`;
  const known = trees.get(key, sha);
  if (known !== undefined) return known;
  const tree = await readTree(api, project, sha, true);
  if (wholeSha.test(sha)) trees.set(key, sha, tree);
  return tree;
}

async function readTree(api: GithubApi, project: Project, sha: string, recursive: boolean): Promise<Tree> {
  const answer = await api.of(project)('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
    ...pathOfProject(project),
    tree_sha: sha,
    ...(recursive ? { recursive: '1' } : {}),
  });
  return readAnswer(`${nameOf(api, project)}: tree ${sha}`, answer.data, (reader) => ({
    entries: reader.objects('tree').map(readEntry),
    truncated: reader.flag('truncated'),
  }));
}

function readEntry(reader: PayloadReader): TreeEntry {
  return {
    path: reader.text('path'),
    type: reader.text('type'),
    mode: reader.text('mode'),
    sha: reader.sha('sha'),
    bytes: Number(reader.scalar('size')),
  };
}

async function readBlob(api: GithubApi, blobs: ContentCache<string>, project: Project, sha: string): Promise<string> {
  const key = `${project.owner}/${project.name}`;
  const known = blobs.get(key, sha);
  if (known !== undefined) return known;
  const answer = await api.of(project)('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', {
    ...pathOfProject(project),
    file_sha: sha,
  });
  const text = readAnswer(`${nameOf(api, project)}: blob ${sha}`, answer.data, contentOf);
  blobs.set(key, sha, text);
  return text;
}

/** `content` of a blob or a file, in lines of base64. */
function contentOf(reader: PayloadReader): string {
  const content = reader.optionalText('content') ?? '';
  return reader.text('encoding') === 'base64' ? Buffer.from(content, 'base64').toString('utf8') : content;
}

/** A file at a commit. undefined = there is none, or what is there is a folder or a submodule. */
export async function readFile(
  api: GithubApi,
  project: Project,
  sha: string,
  path: string,
): Promise<string | undefined> {
  const answer = await unlessMissing(
    api.of(project)('GET /repos/{owner}/{repo}/contents/{path}', { ...pathOfProject(project), path, ref: sha }),
  );
  if (answer === undefined || Array.isArray(answer.data)) return undefined;
  const what = `${nameOf(api, project)}: ${path} at ${sha}`;
  return readAnswer(what, answer.data, (reader) => {
    if (reader.text('type') !== 'file') return undefined;
    const bytes = Number(reader.scalar('size'));
    // Of larger files GitHub leaves the content out.
    if (bytes > fileBytesMax) {
      throw new ForgeError('too-large', `${what} has ${bytes} bytes; at most ${fileBytesMax} are read`);
    }
    return contentOf(reader);
  });
}

/** The commit a ref stands for: a whole sha, a full ref, or the name of a branch. */
export async function readRevision(api: GithubApi, project: Project, ref: string): Promise<Revision | undefined> {
  const asked = wholeSha.test(ref) ? ref : ref.startsWith('refs/') ? ref.slice('refs/'.length) : `heads/${ref}`;
  const call = api.of(project)('GET /repos/{owner}/{repo}/commits/{ref}', { ...pathOfProject(project), ref: asked });
  const answer = await unlessMissing(
    call.catch((thrown: unknown) => {
      // "No commit found for SHA": refused as unprocessable rather than missing.
      if (thrown instanceof ForgeError && thrown.status === 422) return undefined;
      throw thrown;
    }),
  );
  return answer === undefined ? undefined : readAnswer(`${nameOf(api, project)}: ${ref}`, answer.data, readRevisionOf);
}

function readRevisionOf(reader: PayloadReader): Revision {
  const commit = reader.object('commit');
  const author = commit.optionalObject('author');
  return revisionFrom({
    sha: reader.sha('sha'),
    url: reader.webUrl('html_url'),
    message: commit.optionalText('message'),
    author: author?.optionalText('name'),
    date: author?.optionalText('date'),
  });
}
