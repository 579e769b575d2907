/** Who somebody is to a project. */
import { readAnswer } from '../calls/read-answer.ts';
import type { Standing } from '../forge.ts';
import type { Actor, Project } from '../git-event.ts';
import { nameOf, pathOfProject } from './contents.ts';
import { unlessMissing, type GithubApi } from './github-api.ts';

/** `maintain` is told as write, `triage` as read. */
const standings: Readonly<Record<string, Standing>> = { admin: 'write', write: 'write', read: 'read' };

/**
 * What GitHub lets somebody do in the project: by role, team or organisation, all taken together. Being a member of the
 * organisation alone is no standing; in a public project everybody may read.
 */
export async function standing(api: GithubApi, project: Project, actor: Actor): Promise<Standing> {
  const answer = await unlessMissing(
    api.of(project)('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
      ...pathOfProject(project),
      username: actor.login,
    }),
  );
  if (answer === undefined) return 'none';
  return readAnswer(`${nameOf(api, project)}: permission of ${actor.login}`, answer.data, (reader) => {
    const id = reader.optionalObject('user')?.optionalNumber('id');
    // A name that was given up can be taken by somebody else.
    const isOther = actor.id !== undefined && id !== undefined && String(id) !== actor.id;
    return isOther ? 'none' : (standings[reader.text('permission')] ?? 'none');
  });
}

/** `team` is its slug, with or without the organisation before it. undefined = there is no such team. */
export async function isTeamMember(
  api: GithubApi,
  project: Project,
  team: string,
  actor: Actor,
): Promise<boolean | undefined> {
  const parts = team.replace(/^@/, '').split('/');
  const slug = parts.at(-1) ?? '';
  const org = parts.length > 1 ? (parts[0] ?? '') : project.owner;
  // A team of another organisation says nothing about this one.
  if (slug === '' || org.toLowerCase() !== project.owner.toLowerCase()) return undefined;
  const request = api.of(project);
  const membership = await unlessMissing(
    request('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', {
      org,
      team_slug: slug,
      username: actor.login,
    }),
  );
  if (membership !== undefined) {
    const state = readAnswer(`${api.host}: team ${org}/${slug}`, membership.data, (reader) => reader.text('state'));
    return state === 'active';
  }
  const found = await unlessMissing(request('GET /orgs/{org}/teams/{team_slug}', { org, team_slug: slug }));
  return found === undefined ? undefined : false;
}

/** The name under which we comment: of the token's user, or of the App's bot. */
export async function readOwnLogin(api: GithubApi, project: Project): Promise<string> {
  if (api.app !== undefined) {
    const answer = await api.app.asApp('GET /app');
    return `${readAnswer(`${api.host}: the App`, answer, (reader) => reader.text('slug'))}[bot]`;
  }
  const answer = await api.of(project)('GET /user');
  return readAnswer(`${api.host}: the token's user`, answer.data, (reader) => reader.text('login'));
}
