import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { fileBytesMax, folderBytesMax, folderFilesMax, ForgeError } from '../forge.ts';
import type { RepositoryFile } from '../forge.ts';
import type { Project, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { revisionFrom } from '../told-commit.ts';
import { encodedPath, pathOf, unlessMissing } from './gitea-api.ts';
import type { GiteaApi } from './gitea-api.ts';
import { readCommit, readRepository } from './webhook-parts.ts';

/** Entries of a folder, those that are folders too, that are asked for. */
const folderEntriesMax = 1000;
/** Entries of a tree that one page is asked to hold. */
const treeEntriesMax = 500;

const wholeSha = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const fileMode = /^100/;

export async function readProject(api: GiteaApi, project: Project): Promise<Project | undefined> {
  const answer = await unlessMissing(api.repos.repoGet(...pathOf(project)));
  return answer === undefined
    ? undefined
    : readAnswer(`${api.host}: repository ${project.owner}/${project.name}`, answer, readRepository);
}

/** All files of a folder at a commit. */
export async function readFolder(
  api: GiteaApi,
  project: Project,
  sha: string,
  folder: string,
): Promise<readonly RepositoryFile[]> {
  const what = `${api.host}: ${folder} of ${project.owner}/${project.name} at ${sha}`;
  const tree = await treeOf(api, project, sha, folder);
  if (tree === undefined) return [];
  const { blobs, isWhole } = await blobsBelow(api, project, tree, what);
  if (blobs.length > folderFilesMax || !isWhole) {
    throw new ForgeError('too-large', `${what} holds more than ${folderFilesMax} files`);
  }
  // All at once: how many are under way together is for the budget of the credential.
  const files = await Promise.all(
    blobs.map(async (blob) => ({
      path: `${folder}/${blob.path}`,
      text: await readBlob(api, project, blob.sha, `${what}: ${blob.path}`),
    })),
  );
  const bytes = files.reduce((sum, file) => sum + Buffer.byteLength(file.text), 0);
  if (bytes > folderBytesMax) throw new ForgeError('too-large', `${what} holds more than ${folderBytesMax} bytes`);
  return files;
}

/** The tree object of a folder, as the folder above lists it: so the rest of a large repository is not asked for. */
async function treeOf(api: GiteaApi, project: Project, sha: string, folder: string): Promise<string | undefined> {
  const slash = folder.lastIndexOf('/');
  const above = slash < 0 ? '' : folder.slice(0, slash);
  const list: Promise<unknown> =
    above === ''
      ? unlessMissing(api.repos.repoGetContentsList(...pathOf(project), { ref: sha }))
      : unlessMissing(api.repos.repoGetContents(...pathOf(project), encodedPath(above), { ref: sha }));
  const entries = readAnswers(`${api.host}: ${above} at ${sha}`, (await list) ?? [], (entry) => ({
    path: entry.text('path'),
    type: entry.text('type'),
    sha: entry.text('sha'),
  }));
  return entries.find((entry) => entry.path === folder && entry.type === 'dir')?.sha;
}

interface BlobEntry {
  /** From the folder. */
  readonly path: string;
  readonly sha: string;
}

/** Links and submodules are no files. */
async function blobsBelow(
  api: GiteaApi,
  project: Project,
  tree: string,
  what: string,
): Promise<{ readonly blobs: readonly BlobEntry[]; readonly isWhole: boolean }> {
  const entries: BlobEntry[] = [];
  for (let page = 1, seen = 0; ; page++) {
    const query = { recursive: true, per_page: treeEntriesMax, page };
    const answer = (await api.repos.getTree(...pathOf(project), tree, query)).data;
    const shown = readAnswer(what, answer, treePageOf);
    entries.push(...shown.blobs);
    seen += shown.entries;
    if (!shown.hasMore || shown.entries === 0) return { blobs: entries, isWhole: true };
    if (seen >= folderEntriesMax) return { blobs: entries, isWhole: false };
  }
}

function treePageOf(reader: PayloadReader): {
  readonly blobs: readonly BlobEntry[];
  readonly entries: number;
  readonly hasMore: boolean;
} {
  const entries = reader.objects('tree');
  const files = entries.filter(
    (entry) => entry.text('type') === 'blob' && fileMode.test(entry.optionalText('mode') ?? '100644'),
  );
  return {
    blobs: files.map((entry) => ({ path: entry.text('path'), sha: entry.text('sha') })),
    entries: entries.length,
    hasMore: reader.flag('truncated'),
  };
}

async function readBlob(api: GiteaApi, project: Project, sha: string, what: string): Promise<string> {
  const answer = (await api.repos.getBlob(...pathOf(project), sha)).data;
  return readAnswer(what, answer, (blob) => contentOf(blob, what));
}

/** Gitea leaves the content out where it is larger than its own limit. */
function contentOf(reader: PayloadReader, what: string): string {
  const content = reader.optionalText('content');
  const bytes = Buffer.from(content ?? '', 'base64');
  const size = reader.optionalNumber('size') ?? bytes.length;
  if (Math.max(size, bytes.length) > fileBytesMax || (content === undefined && size > 0)) {
    throw new ForgeError('too-large', `${what} has more than ${fileBytesMax} bytes`);
  }
  return bytes.toString('utf8');
}

export async function readFile(
  api: GiteaApi,
  project: Project,
  sha: string,
  path: string,
): Promise<string | undefined> {
  const answer = await unlessMissing(api.repos.repoGetContents(...pathOf(project), encodedPath(path), { ref: sha }));
  if (answer === undefined || Array.isArray(answer)) return undefined;
  const what = `${api.host}: ${path} at ${sha}`;
  return readAnswer(what, answer, (file) => (file.text('type') === 'file' ? contentOf(file, what) : undefined));
}

export async function readRevision(api: GiteaApi, project: Project, ref: string): Promise<Revision | undefined> {
  const what = `${api.host}: ${ref} of ${project.owner}/${project.name}`;
  if (wholeSha.test(ref)) return readSingleCommit(api, project, ref);
  if (ref.startsWith('refs/tags/')) {
    const name = encodedPath(ref.slice('refs/tags/'.length));
    const tag = await unlessMissing(api.repos.repoGetTag(...pathOf(project), name));
    if (tag === undefined) return undefined;
    return readSingleCommit(
      api,
      project,
      readAnswer(what, tag, (reader) => reader.object('commit').sha('sha')),
    );
  }
  const name = encodedPath(ref.replace(/^refs\/heads\//, ''));
  const branch = await unlessMissing(api.repos.repoGetBranch(...pathOf(project), name));
  return branch === undefined ? undefined : readAnswer(what, branch, (reader) => readCommit(reader.object('commit')));
}

async function readSingleCommit(api: GiteaApi, project: Project, sha: string): Promise<Revision | undefined> {
  const query = { stat: false, verification: false, files: false };
  const answer = await unlessMissing(api.repos.repoGetSingleCommit(...pathOf(project), sha, query));
  return answer === undefined ? undefined : readAnswer(`${api.host}: commit ${sha}`, answer, revisionOf);
}

/** A commit as the API describes it, which is not as webhooks and branches do. */
function revisionOf(reader: PayloadReader): Revision {
  const commit = reader.object('commit');
  const author = commit.optionalObject('author');
  return revisionFrom({
    sha: reader.sha('sha'),
    message: commit.optionalText('message'),
    url: reader.optionalText('html_url'),
    author: author?.optionalText('name'),
    date: author?.optionalText('date'),
  });
}
