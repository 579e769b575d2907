/** Which files a push or a pull request changes. */
import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import type { ChangedFiles, ChangeRange } from '../forge.ts';
import type { Project } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { nameOf, pathOfProject, readProject } from './contents.ts';
import { hasNext, pageEntriesMax, unlessMissing, type GithubApi } from './github-api.ts';

/** Files of a pull request that GitHub tells at most. */
export const pullFilesMax = 3_000;
/** Files of a comparison or a commit that GitHub tells at most without further pages. */
export const comparedFilesMax = 300;

interface FileChange {
  readonly path: string;
  readonly status: string;
}

/** Nothing is known: filters must not conclude from absence. */
const unknownChanges: ChangedFiles = { added: [], modified: [], deleted: [], renamed: [], truncated: true };

/**
 * The files that changed. Of a push: all that its commits changed since `before`; of a forced one: since the commit that both
 * have. Of a new branch: all since it left the default branch, or those of its last commit when it adds none.
 */
export function changedFiles(api: GithubApi, project: Project, range: ChangeRange): Promise<ChangedFiles> {
  if (range.kind === 'pull_request') return filesOfPull(api, project, range.number);
  return filesOfPush(api, project, range.before, range.after);
}

async function filesOfPull(api: GithubApi, project: Project, number: number): Promise<ChangedFiles> {
  const files: FileChange[] = [];
  let more = true;
  for (let page = 1; more && page <= pullFilesMax / pageEntriesMax; page++) {
    const answer = await api.of(project)('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', {
      ...pathOfProject(project),
      pull_number: number,
      per_page: pageEntriesMax,
      page,
    });
    files.push(...readAnswers(`${nameOf(api, project)}: files of pull request ${number}`, answer.data, readChange));
    more = hasNext(answer);
  }
  return sorted(files, more || files.length >= pullFilesMax);
}

async function filesOfPush(
  api: GithubApi,
  project: Project,
  before: string | undefined,
  after: string,
): Promise<ChangedFiles> {
  const base = before ?? project.defaultBranch ?? (await readProject(api, project))?.defaultBranch;
  const compared = base === undefined ? undefined : await compare(api, project, base, after);
  if (compared === undefined) return before === undefined ? filesOfCommit(api, project, after) : unknownChanges;
  if (before === undefined && compared.commits === 0) return filesOfCommit(api, project, after);
  return sorted(compared.files, compared.files.length >= comparedFilesMax);
}

/** undefined: one of the two is not there, as a commit that a forced push left behind. */
async function compare(
  api: GithubApi,
  project: Project,
  base: string,
  head: string,
): Promise<{ readonly commits: number; readonly files: readonly FileChange[] } | undefined> {
  const answer = await unlessMissing(
    api.of(project)('GET /repos/{owner}/{repo}/compare/{basehead}', {
      ...pathOfProject(project),
      basehead: `${base}...${head}`,
      // The list of commits is paged, and not wanted; that of files is whole on the first page.
      per_page: 1,
      page: 1,
    }),
  );
  if (answer === undefined) return undefined;
  return readAnswer(`${nameOf(api, project)}: ${base}...${head}`, answer.data, (reader) => ({
    commits: Number(reader.scalar('ahead_by')),
    files: reader.objects('files').map(readChange),
  }));
}

async function filesOfCommit(api: GithubApi, project: Project, sha: string): Promise<ChangedFiles> {
  const answer = await unlessMissing(
    api.of(project)('GET /repos/{owner}/{repo}/commits/{ref}', { ...pathOfProject(project), ref: sha }),
  );
  if (answer === undefined) return unknownChanges;
  const files = readAnswer(`${nameOf(api, project)}: commit ${sha}`, answer.data, (reader) =>
    reader.objects('files').map(readChange),
  );
  return sorted(files, files.length >= comparedFilesMax);
}

function readChange(reader: PayloadReader): FileChange {
  return { path: reader.text('filename'), status: reader.text('status') };
}

function sorted(files: readonly FileChange[], truncated: boolean): ChangedFiles {
  const of = (...statuses: readonly string[]): readonly string[] =>
    files.filter(({ status }) => statuses.includes(status)).map(({ path }) => path);
  return {
    added: of('added', 'copied'),
    modified: of('modified', 'changed'),
    deleted: of('removed'),
    renamed: of('renamed'),
    truncated,
  };
}
