import {
  type ChangedFiles,
  type Forge,
  ForgeError,
  type RepositoryFile,
  fileBytesMax,
  folderFilesMax,
} from '../../forge/forge.ts';
import type { GitEvent, Project, PullRequest, Revision } from '../../forge/git-event.ts';
import type { FileReader } from '../../base/file-system.ts';

/** What a {@link localForge} answers from. */
export interface LocalForgeOptions {
  readonly event: GitEvent;
  /** Root of the working tree. */
  readonly directory: string;
  readonly files: FileReader;
  /** Names of changed files; undefined = they are not known. */
  readonly changedFiles: (range: {
    readonly before?: string;
    readonly after: string;
  }) => Promise<ChangedFiles | undefined>;
  /** Told what was not known and taken for granted. */
  readonly assume: (note: string) => void;
}

/** What stands for a commit that nothing names. */
export const unknownSha: string = '0'.repeat(40);

/**
 * A Git host made of one event and the files of a folder: for explanations on a machine that asks nobody. What the event does
 * not tell is taken for granted, and told. It refuses everything that changes something, and questions about people.
 */
export function localForge(options: LocalForgeOptions): Forge {
  const { event, directory, files, assume } = options;
  const refuse = (): Promise<never> =>
    Promise.reject(new ForgeError('unavailable', 'it takes the Git host, and the server that may ask it'));
  return {
    kind: event.forge,
    commentable: false,
    hostState: () => '',
    readFolder: (_project, _sha, folder) => readWorkingFolder(files, directory, folder),
    readFile: (project, _sha, path) =>
      project.url === event.project.url ? readFile(files, directory, path) : refuse(),
    readProject: (project) => Promise.resolve(project),
    readRevision: (_project, ref) => Promise.resolve(revisionOf(event, ref, assume)),
    readPullRequest: (project, number) => Promise.resolve(pullRequestOf(event, project, number, assume)),
    pullRequestsOf: () => Promise.resolve([]),
    changedFiles: (_project, range) => changedFiles(options, range),
    readComments: () => Promise.resolve([]),
    standing: refuse,
    isTeamMember: refuse,
    postStatus: refuse,
    readStatus: refuse,
    putComment: refuse,
    gitCredential: refuse,
  };
}

async function changedFiles(
  { event, changedFiles: known, assume }: LocalForgeOptions,
  range: Parameters<Forge['changedFiles']>[1],
): Promise<ChangedFiles> {
  const isPush = range.kind === 'push';
  const base = isPush ? range.before : event.pullRequest && `origin/${event.pullRequest.baseBranch}`;
  const found = await known({
    ...(base === undefined ? {} : { before: base }),
    after: isPush ? range.after : range.headSha,
  });
  if (found !== undefined) return found;
  assume('which files changed is not known here: name them with --changed-file; a rule that needs them counts as met');
  return { added: [], modified: [], deleted: [], renamed: [], truncated: true };
}

function revisionOf(event: GitEvent, ref: string, assume: LocalForgeOptions['assume']): Revision {
  if (event.revision !== undefined) return event.revision;
  if (ref !== unknownSha && /^[0-9a-f]{40}$/.test(ref)) return { sha: ref };
  assume('the event does not tell the commit: its message and title are taken to be empty');
  return { sha: unknownSha, message: '', title: '' };
}

/** The pull request of a comment whose payload tells only its number. */
function pullRequestOf(
  { pullRequest, actor }: GitEvent,
  project: Project,
  number: number,
  assume: LocalForgeOptions['assume'],
): PullRequest {
  if (pullRequest !== undefined) return pullRequest;
  const baseBranch = project.defaultBranch ?? 'main';
  assume(
    `the event does not tell the branches of pull request ${number}: its base is taken to be ${baseBranch}; --pr asks`,
  );
  return {
    number,
    title: '',
    url: project.url,
    author: actor,
    state: 'open',
    baseBranch,
    headBranch: 'unknown',
    headSha: unknownSha,
    headProject: project,
    labels: [],
  };
}

async function readFile(files: FileReader, directory: string, path: string): Promise<string | undefined> {
  const place = `${directory}/${path}`;
  if ((await files.kindOf(place)) !== 'file') return undefined;
  const bytes = await files.read(place, fileBytesMax);
  if (bytes.length > fileBytesMax) throw new ForgeError('too-large', `${path} has more than ${fileBytesMax} bytes`);
  return new TextDecoder().decode(bytes);
}

/** Deepest folder below `.tekton` that is looked into. */
const depthMax = 20;

/** The YAML files below a folder of the working tree. Throws `ForgeError` `FORGE_TOO_LARGE` beyond the limits of any host. */
export async function readWorkingFolder(
  files: FileReader,
  directory: string,
  folder: string,
): Promise<readonly RepositoryFile[]> {
  const found: RepositoryFile[] = [];
  const look = async (path: string, depth: number): Promise<void> => {
    if (depth > depthMax || (await files.kindOf(`${directory}/${path}`)) !== 'directory') return;
    for (const name of await files.list(`${directory}/${path}`)) {
      const inner = `${path}/${name}`;
      const kind = await files.kindOf(`${directory}/${inner}`);
      if (kind === 'directory') await look(inner, depth + 1);
      if (kind !== 'file' || !/\.ya?ml$/i.test(name)) continue;
      if (found.length > folderFilesMax)
        throw new ForgeError('too-large', `${folder} has more than ${folderFilesMax} files`);
      found.push({ path: inner, text: (await readFile(files, directory, inner)) ?? '' });
    }
  };
  await look(folder, 0);
  return found;
}
