import type { RestApi } from '../calls/rest-api.ts';
import type { Standing } from '../forge.ts';
import type { Actor, Project } from '../git-event.ts';
import { pathOf, restBase } from './datacenter-api.ts';
import { readAccount, readRepository } from './webhook-parts.ts';

const peopleMax = 1_000;

type Filter = Readonly<Record<string, string>>;

/** What somebody may do, by whatever way he got it: groups, the project, everybody. */
export async function standing(api: RestApi, project: Project, actor: Actor): Promise<Standing> {
  const { id = '' } = await api.read({ path: pathOf(project) }, readRepository);
  const may = (permission: string): Promise<boolean> =>
    isAmong(api, actor, { 'permission.1': permission, 'permission.1.repositoryId': id });
  if (await may('REPO_WRITE')) return 'write';
  return (await may('REPO_READ')) ? 'read' : 'none';
}

/** Whether somebody is in a group. Whether there is such a group is not told. */
export function isTeamMember(api: RestApi, team: string, actor: Actor): Promise<boolean> {
  return isAmong(api, actor, { group: team });
}

/** Whether somebody is among the users of a kind. The filter finds parts of names too. */
async function isAmong(api: RestApi, actor: Actor, of: Filter): Promise<boolean> {
  const call = { path: `${restBase}/users`, query: { ...of, filter: actor.login, limit: 100 } };
  const { items } = await api.list(call, peopleMax, readAccount);
  return items.some(({ login, id }) => login === actor.login && (actor.id === undefined || actor.id === id));
}
