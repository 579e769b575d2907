import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import type { ChangedFiles, ChangeRange } from '../forge.ts';
import type { Project } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { allPages, encodedPath, pageEntriesMax, pathOf, unlessMissing } from './gitea-api.ts';
import type { GiteaApi } from './gitea-api.ts';
import { readPullRequest } from './pull-requests.ts';
import { readProject, readRevision } from './repository.ts';

/** Changed files that are asked for. */
const changedFilesMax = 3000;

type Fate = 'added' | 'modified' | 'deleted' | 'renamed';

/** Gitea's words for what became of a file, in pull requests and in commits. */
const fates: ReadonlyMap<string, Fate> = new Map<string, Fate>([
  ['added', 'added'],
  ['copied', 'added'],
  ['changed', 'modified'],
  ['modified', 'modified'],
  ['deleted', 'deleted'],
  ['removed', 'deleted'],
  ['renamed', 'renamed'],
]);

interface Change {
  readonly path: string;
  readonly fate: Fate;
}

export async function changedFiles(api: GiteaApi, project: Project, range: ChangeRange): Promise<ChangedFiles> {
  if (range.kind === 'pull_request') return changedByPullRequest(api, project, range.number, range.headSha);
  if (range.before !== undefined) {
    const changes = await compare(api, project, range.before, range.after);
    // A forced push may have left the commit before it to be forgotten.
    return changes ?? { ...(await changedByCommit(api, project, range.after)), truncated: true };
  }
  const branch = project.defaultBranch ?? (await readProject(api, project))?.defaultBranch;
  const base = branch === undefined ? undefined : (await readRevision(api, project, `refs/heads/${branch}`))?.sha;
  if (base === undefined || base === range.after) return changedByCommit(api, project, range.after);
  return (await compare(api, project, base, range.after)) ?? changedByCommit(api, project, range.after);
}

async function changedByPullRequest(
  api: GiteaApi,
  project: Project,
  number: number,
  headSha: string,
): Promise<ChangedFiles> {
  const request = await readPullRequest(api, project, number);
  if (request !== undefined && request.headSha !== headSha) {
    // It has moved on: what is asked for is the commit of the event.
    const changes = await compare(api, project, request.baseBranch, headSha);
    return changes ?? { ...sorted(new Map()), truncated: true };
  }
  const entries = await allPages(
    (page) => api.repos.repoGetPullRequestFiles(...pathOf(project), number, { page, limit: pageEntriesMax }),
    changedFilesMax,
  );
  const changes = readAnswers(`${api.host}: files of pull request ${number}`, entries, changeOf);
  return {
    ...sorted(new Map(changes.map(({ path, fate }) => [path, fate]))),
    truncated: entries.length >= changedFilesMax,
  };
}

/** What the commits that `head` has and `base` has not did to files, all of them together. */
async function compare(api: GiteaApi, project: Project, base: string, head: string): Promise<ChangedFiles | undefined> {
  const span = `${encodedPath(base)}...${head}`;
  const answer = await unlessMissing(api.repos.repoCompareDiff(...pathOf(project), span));
  if (answer === undefined) return undefined;
  return readAnswer(`${api.host}: changes ${span}`, answer, (reader) => {
    const commits = reader.objects('commits');
    const total = reader.optionalNumber('total_commits') ?? commits.length;
    const changes = commits.toReversed().flatMap((commit) => commit.objects('files').map(changeOf));
    return { ...sorted(summedUp(changes)), truncated: commits.length < total };
  });
}

async function changedByCommit(api: GiteaApi, project: Project, sha: string): Promise<ChangedFiles> {
  const query = { stat: false, verification: false, files: true };
  const answer = (await api.repos.repoGetSingleCommit(...pathOf(project), sha, query)).data;
  return readAnswer(`${api.host}: commit ${sha}`, answer, (reader) => ({
    ...sorted(summedUp(reader.objects('files').map(changeOf))),
    truncated: false,
  }));
}

function changeOf(reader: PayloadReader): Change {
  return { path: reader.text('filename'), fate: fates.get(reader.optionalText('status') ?? '') ?? 'modified' };
}

/** The fate of each file after a row of changes, oldest first. */
function summedUp(changes: readonly Change[]): ReadonlyMap<string, Fate> {
  const fateOf = new Map<string, Fate>();
  for (const { path, fate } of changes) {
    const earlier = fateOf.get(path);
    if (fate === 'deleted' && earlier === 'added') fateOf.delete(path);
    else if (fate === 'modified' && earlier === 'added') fateOf.set(path, 'added');
    else if (fate === 'added' && earlier === 'deleted') fateOf.set(path, 'modified');
    else fateOf.set(path, fate);
  }
  return fateOf;
}

function sorted(fateOf: ReadonlyMap<string, Fate>): Omit<ChangedFiles, 'truncated'> {
  const pathsOf = (fate: Fate): readonly string[] =>
    [...fateOf].filter(([, found]) => found === fate).map(([path]) => path);
  return {
    added: pathsOf('added'),
    modified: pathsOf('modified'),
    deleted: pathsOf('deleted'),
    renamed: pathsOf('renamed'),
  };
}
