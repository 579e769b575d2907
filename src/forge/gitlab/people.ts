import { readAnswer, readAnswers } from '../calls/read-answer.ts';
import type { Standing } from '../forge.ts';
import type { Actor, Project } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { answered, unlessMissing } from './gitlab-api.ts';
import type { GitlabApi } from './gitlab-api.ts';
import { projectKey } from './repository.ts';

/** Access level of GitLab from which somebody may push: Developer. */
const developerLevel = 30;
/** Access level from which somebody may do anything in a project. Below are "no access" and "minimal access". */
const guestLevel = 10;

/** The account a token stands for. */
export interface OwnAccount {
  readonly id: number;
  /** Administrators may do everything, members or not. Told to themselves only. */
  readonly administrator: boolean;
}

export async function readOwnAccount(api: GitlabApi): Promise<OwnAccount> {
  return readAnswer(`${api.host}: who the token is`, await api.users.showCurrentUser(), (reader) => ({
    id: reader.number('id'),
    administrator: reader.flag('is_admin'),
  }));
}

/**
 * What somebody may do in a project, by his access level there, inherited and shared ones included. Being able to see a
 * public project is no standing: whoever is no member has none.
 */
export async function standing(api: GitlabApi, project: Project, actor: Actor): Promise<Standing> {
  const id = await accountId(api, actor);
  if (id === undefined) return 'none';
  const level = await accessLevel(api, project, id);
  if (level === undefined) return 'none';
  if (level >= developerLevel) return 'write';
  return level >= guestLevel ? 'read' : 'none';
}

/** Whether the account of a token may post statuses in a project. */
export async function mayPost(api: GitlabApi, project: Project, account: OwnAccount): Promise<boolean> {
  if (account.administrator) return true;
  const level = await accessLevel(api, project, account.id);
  return level !== undefined && level >= developerLevel;
}

async function accessLevel(api: GitlabApi, project: Project, id: number): Promise<number | undefined> {
  const key = projectKey(project);
  const member = await unlessMissing(api.projectMembers.show(key, id, { includeInherited: true }));
  return member === undefined ? undefined : readAnswer(`${api.host}: member ${id} of ${key}`, member, activeLevel);
}

/** Somebody who is blocked, or waits to be let in, keeps his level and may do nothing. */
function activeLevel(reader: PayloadReader): number | undefined {
  const isActive = [reader.optionalText('state'), reader.optionalText('membership_state')].every(
    (state) => state === undefined || state === 'active',
  );
  return isActive ? reader.optionalInteger('access_level') : undefined;
}

/** `team` is the path of a group, or of one below the project's own group. */
export async function isTeamMember(
  api: GitlabApi,
  project: Project,
  team: string,
  actor: Actor,
): Promise<boolean | undefined> {
  const group = (await groupPath(api, team)) ?? (await groupPath(api, `${project.owner}/${team}`));
  if (group === undefined) return undefined;
  const id = await accountId(api, actor);
  if (id === undefined) return false;
  const member = await unlessMissing(api.groupMembers.show(group, id, { includeInherited: true }));
  if (member === undefined) return false;
  return (readAnswer(`${api.host}: member ${id} of ${group}`, member, activeLevel) ?? 0) >= guestLevel;
}

async function groupPath(api: GitlabApi, path: string): Promise<string | undefined> {
  const answer = await unlessMissing(api.groups.show(path, { withProjects: false }));
  return answer === undefined
    ? undefined
    : readAnswer(`${api.host}: group ${path}`, answer, (group) => group.text('full_path'));
}

/** Names can be given to others later; the number cannot, so it is taken where it is known. */
async function accountId(api: GitlabApi, actor: Actor): Promise<number | undefined> {
  if (actor.id !== undefined) return Number(actor.id);
  const answer = await answered(api.users.all({ username: actor.login }));
  const found = readAnswers(`${api.host}: user ${actor.login}`, answer, (user) => ({
    id: user.number('id'),
    login: user.text('username'),
  }));
  return found.find((user) => user.login.toLowerCase() === actor.login.toLowerCase())?.id;
}
