import { readAnswer } from '../calls/read-answer.ts';
import type { Standing } from '../forge.ts';
import type { Actor, Project } from '../git-event.ts';
import { pageEntriesMax, pathOf, unlessMissing } from './gitea-api.ts';
import type { GiteaApi } from './gitea-api.ts';
import { readUser } from './webhook-parts.ts';

/** Gitea's words for what somebody may do in a repository. */
const standings: ReadonlyMap<string, Standing> = new Map<string, Standing>([
  ['owner', 'write'],
  ['admin', 'write'],
  ['write', 'write'],
  ['read', 'read'],
]);

export async function readOwnAccount(api: GiteaApi): Promise<Actor> {
  return readAnswer(`${api.host}: who the token is`, (await api.user.userGetCurrent()).data, readUser);
}

/**
 * What somebody may do in a repository, by way of teams too. Only administrators of the repository may ask that of others. In a
 * public repository everybody reads.
 */
export async function standing(api: GiteaApi, project: Project, actor: Actor): Promise<Standing> {
  const answer = await unlessMissing(
    api.repos.repoGetRepoPermissions(...pathOf(project), encodeURIComponent(actor.login)),
  );
  if (answer === undefined) return 'none';
  return readAnswer(`${api.host}: permission of ${actor.login}`, answer, (reader) => {
    const user = reader.optionalObject('user');
    // The name may be somebody else's by now.
    if (user !== undefined && actor.id !== undefined && readUser(user).id !== actor.id) return 'none';
    return standings.get(reader.optionalText('permission') ?? '') ?? 'none';
  });
}

/** `team` is the name of a team of the organisation that owns the repository, alone or after its name: `org/team`. */
export async function isTeamMember(
  api: GiteaApi,
  project: Project,
  team: string,
  actor: Actor,
): Promise<boolean | undefined> {
  const name = team.startsWith(`${project.owner}/`) ? team.slice(project.owner.length + 1) : team;
  const query = { q: name, limit: pageEntriesMax };
  const answer = await unlessMissing(api.orgs.teamSearch(encodeURIComponent(project.owner), query));
  if (answer === undefined) return undefined;
  const teams = readAnswer(`${api.host}: teams of ${project.owner}`, answer, (reader) =>
    reader.objects('data').map((each) => ({ id: each.number('id'), name: each.text('name') })),
  );
  const found = teams.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found === undefined) return undefined;
  return (await unlessMissing(api.teams.orgListTeamMember(found.id, encodeURIComponent(actor.login)))) !== undefined;
}
