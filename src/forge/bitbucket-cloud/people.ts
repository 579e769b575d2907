import { type RestApi, unlessMissing } from '../calls/rest-api.ts';
import { ForgeError, type Standing } from '../forge.ts';
import type { Actor, Project } from '../git-event.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { pathOf } from './cloud-api.ts';
import { readAccount } from './webhook-parts.ts';

const permissionsMax = 1_000;

/**
 * What somebody may do, groups and the workspace included. Only administrators of a workspace are told; for others there
 * is what was granted to him by name, which administrators of the repository are told. Being a member alone says nothing.
 */
export async function standing(api: RestApi, project: Project, actor: Actor): Promise<Standing> {
  try {
    return await effective(api, project, actor);
  } catch (thrown) {
    if (!(thrown instanceof ForgeError) || thrown.problem !== 'forbidden') throw thrown;
    return granted(api, project, actor);
  }
}

async function effective(api: RestApi, { owner, name }: Project, actor: Actor): Promise<Standing> {
  const path = `/workspaces/${encodeURIComponent(owner)}/permissions/repositories/${encodeURIComponent(name)}`;
  const query = {
    pagelen: 100,
    ...(actor.id === undefined ? {} : { q: `user.uuid="${actor.id.replaceAll('"', '')}"` }),
  };
  const { items } = await api.list({ path, query }, permissionsMax, (reader) => ({
    user: readAccount(reader.object('user')),
    standing: standingOf(reader),
  }));
  const found = items.find(({ user }) => (actor.id === undefined ? user.login === actor.login : user.id === actor.id));
  return found?.standing ?? 'none';
}

async function granted(api: RestApi, project: Project, actor: Actor): Promise<Standing> {
  const path = `${pathOf(project)}/permissions-config/users/${encodeURIComponent(actor.id ?? actor.login)}`;
  return (await unlessMissing(api.read({ path }, standingOf))) ?? 'none';
}

function standingOf(reader: PayloadReader): Standing {
  const permission = reader.text('permission');
  if (permission === 'admin' || permission === 'write') return 'write';
  return permission === 'read' ? 'read' : 'none';
}
