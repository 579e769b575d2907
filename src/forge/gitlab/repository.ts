import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import { fileBytesMax, folderBytesMax, folderFilesMax, ForgeError } from '../forge.ts';
import type { ChangedFiles, ChangeRange, RepositoryFile } from '../forge.ts';
import type { Project, Revision } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { mergeRequestOf, projectOf, revisionOf } from './answers.ts';
import { answered, unlessMissing } from './gitlab-api.ts';
import type { GitlabApi } from './gitlab-api.ts';

/** Entries of a page: the most that GitLab gives. */
export const pageEntriesMax = 100;
/** Changed files that GitLab tells at most, unless an administrator lowered it (`diff_max_files`). */
export const diffFilesMax = 1000;

/** Entries of a folder, those that are folders too, that are asked for. */
const folderEntriesMax = 1000;

const wholeSha = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const fileMode = /^100/;

/** How GitLab is asked for a project: by its number, else by its path. */
export function projectKey(project: Project): string {
  return project.id ?? `${project.owner}/${project.name}`;
}

export async function readProject(api: GitlabApi, project: Project): Promise<Project | undefined> {
  const key = projectKey(project);
  const answer = await unlessMissing(api.projects.show(key));
  return answer === undefined ? undefined : readAnswer(`${api.host}: project ${key}`, answer, projectOf);
}

/** All files of a folder at a commit: never at a branch, which may have moved since somebody looked at it. */
export async function readFolder(
  api: GitlabApi,
  project: Project,
  sha: string,
  folder: string,
): Promise<readonly RepositoryFile[]> {
  const what = `${api.host}: ${folder} of ${projectKey(project)} at ${sha}`;
  const entries = await entriesBelow(api, project, sha, folder);
  const paths = entries.filter((entry) => entry.isFile).map((entry) => entry.path);
  if (paths.length > folderFilesMax || entries.length >= folderEntriesMax) {
    throw new ForgeError('too-large', `${what} holds more than ${folderFilesMax} files`);
  }
  // All at once: how many are under way together is for the budget of the credential.
  const files = await Promise.all(paths.map((path) => readExistingFile(api, project, sha, path)));
  const bytes = files.reduce((sum, file) => sum + Buffer.byteLength(file.text), 0);
  if (bytes > folderBytesMax) throw new ForgeError('too-large', `${what} holds more than ${folderBytesMax} bytes`);
  return files;
}

interface FolderEntry {
  readonly path: string;
  /** Links and submodules are no files. */
  readonly isFile: boolean;
}

async function entriesBelow(
  api: GitlabApi,
  project: Project,
  sha: string,
  folder: string,
): Promise<readonly FolderEntry[]> {
  const answer = await unlessMissing(
    api.repositories.allRepositoryTrees(projectKey(project), {
      path: folder,
      ref: sha,
      recursive: true,
      pagination: 'keyset',
      perPage: pageEntriesMax,
      maxPages: folderEntriesMax / pageEntriesMax,
    }),
  );
  return readAnswers(`${api.host}: ${folder} at ${sha}`, answer ?? [], (entry) => ({
    path: entry.text('path'),
    isFile: entry.text('type') === 'blob' && fileMode.test(entry.optionalText('mode') ?? '100644'),
  }));
}

async function readExistingFile(api: GitlabApi, project: Project, sha: string, path: string): Promise<RepositoryFile> {
  const text = await readFile(api, project, sha, path);
  if (text === undefined) throw new ForgeError('bad-answer', `${api.host}: ${path} at ${sha} is listed and missing`);
  return { path, text };
}

export async function readFile(
  api: GitlabApi,
  project: Project,
  sha: string,
  path: string,
): Promise<string | undefined> {
  const answer: unknown = await unlessMissing(api.files.show(projectKey(project), path, sha));
  if (answer === undefined) return undefined;
  return readAnswer(`${api.host}: ${path} at ${sha}`, answer, (file) => {
    const bytes = Buffer.from(file.optionalText('content') ?? '', 'base64');
    if (bytes.length <= fileBytesMax) return bytes.toString('utf8');
    throw new ForgeError('too-large', `${api.host}: ${path} at ${sha} has more than ${fileBytesMax} bytes`);
  });
}

export async function readRevision(api: GitlabApi, project: Project, ref: string): Promise<Revision | undefined> {
  const key = projectKey(project);
  const what = `${api.host}: ${ref} of ${key}`;
  if (wholeSha.test(ref)) {
    const commit = await unlessMissing(api.commits.show(key, ref));
    return commit === undefined ? undefined : readAnswer(what, commit, revisionOf);
  }
  const found = ref.startsWith('refs/tags/')
    ? await unlessMissing(api.tags.show(key, ref.slice('refs/tags/'.length)))
    : await unlessMissing(api.branches.show(key, ref.replace(/^refs\/heads\//, '')));
  return found === undefined ? undefined : readAnswer(what, found, (reader) => revisionOf(reader.object('commit')));
}

export async function changedFiles(api: GitlabApi, project: Project, range: ChangeRange): Promise<ChangedFiles> {
  if (range.kind === 'pull_request') return changedByMergeRequest(api, project, range.number, range.headSha);
  if (range.before !== undefined) {
    const changes = await compare(api, project, { from: range.before, to: range.after, straight: true });
    // A forced push may have left the commit before it to be forgotten.
    return changes ?? { ...(await changedByCommit(api, project, range.after)), truncated: true };
  }
  return changedByNewBranch(api, project, range.after);
}

/** What a new branch has and the default branch has not; the commit itself when it is the first of the repository. */
async function changedByNewBranch(api: GitlabApi, project: Project, after: string): Promise<ChangedFiles> {
  const branch = project.defaultBranch ?? (await readProject(api, project))?.defaultBranch;
  const base = branch === undefined ? undefined : (await readRevision(api, project, `refs/heads/${branch}`))?.sha;
  if (base === undefined || base === after) return changedByCommit(api, project, after);
  return (
    (await compare(api, project, { from: base, to: after, straight: false })) ?? changedByCommit(api, project, after)
  );
}

async function changedByMergeRequest(
  api: GitlabApi,
  project: Project,
  number: number,
  headSha: string,
): Promise<ChangedFiles> {
  const key = projectKey(project);
  const what = `${api.host}: merge request ${number}`;
  const request = readAnswer(what, await api.mergeRequests.show(key, number), mergeRequestOf);
  if (request.pullRequest.headSha !== headSha) {
    // It has moved on: what is asked for is the commit of the event.
    const changes = await compare(api, project, { from: request.pullRequest.baseBranch, to: headSha, straight: false });
    return changes ?? { ...noChanges, truncated: true };
  }
  const diffs = await answered(api.mergeRequests.allDiffs(key, number, { perPage: pageEntriesMax }));
  return sortedChanges(readAnswers(what, diffs, changeOf), request.overflows);
}

interface Span {
  readonly from: string;
  readonly to: string;
  /** The trees of the two, not what `to` changed since they parted. */
  readonly straight: boolean;
}

async function compare(api: GitlabApi, project: Project, span: Span): Promise<ChangedFiles | undefined> {
  const answer = await unlessMissing(
    api.repositories.compare(projectKey(project), span.from, span.to, { straight: span.straight }),
  );
  if (answer === undefined) return undefined;
  return readAnswer(`${api.host}: changes of ${span.from} to ${span.to}`, answer, (reader) =>
    sortedChanges(reader.objects('diffs').map(changeOf), reader.flag('compare_timeout')),
  );
}

async function changedByCommit(api: GitlabApi, project: Project, sha: string): Promise<ChangedFiles> {
  const diffs = await answered(api.commits.showDiff(projectKey(project), sha, { perPage: pageEntriesMax }));
  return sortedChanges(readAnswers(`${api.host}: changes of ${sha}`, diffs, changeOf), false);
}

const noChanges: ChangedFiles = { added: [], modified: [], deleted: [], renamed: [], truncated: false };

interface Change {
  readonly path: string;
  readonly fate: 'added' | 'modified' | 'deleted' | 'renamed';
}

function changeOf(diff: PayloadReader): Change {
  const path = diff.text('new_path');
  if (diff.flag('new_file')) return { path, fate: 'added' };
  if (diff.flag('deleted_file')) return { path, fate: 'deleted' };
  return { path, fate: diff.flag('renamed_file') ? 'renamed' : 'modified' };
}

function sortedChanges(changes: readonly Change[], overflows: boolean): ChangedFiles {
  const pathsOf = (fate: Change['fate']): readonly string[] =>
    changes.filter((change) => change.fate === fate).map((change) => change.path);
  return {
    added: pathsOf('added'),
    modified: pathsOf('modified'),
    deleted: pathsOf('deleted'),
    renamed: pathsOf('renamed'),
    truncated: overflows || changes.length >= diffFilesMax,
  };
}
