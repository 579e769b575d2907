import type { Json } from '../../base/json.ts';
import { parseYaml } from '../../yaml/parse-yaml.ts';
import { type People, peopleOf } from './authorise.ts';
import { defaultBranchSha, type OpenEvent } from './open-event.ts';
import { ownersOf } from './owners.ts';
import type { PlannerParts } from './planner-parts.ts';

/** People of an event's project; OWNERS as the default branch has it, never a pull request. */
export function askPeople({ logger }: PlannerParts, { forge, event, complete }: OpenEvent): People {
  const read = async (sha: string, path: string): Promise<Json | undefined> => {
    const text = await forge.readFile(event.project, sha, path);
    if (text === undefined) return undefined;
    const { documents, diagnostics } = parseYaml(text, path);
    if (diagnostics.length === 0) return documents[0]?.value;
    logger.warn('a file that says who may run pipelines cannot be read', { path, project: event.project.url });
    return undefined;
  };
  return peopleOf({
    forge,
    event,
    policy: complete.spec.settings?.policy,
    readOwners: async () => {
      const sha = await defaultBranchSha(forge, event);
      if (sha === undefined) return new Set();
      const owners = await read(sha, 'OWNERS');
      return owners === undefined ? new Set() : ownersOf(owners, await read(sha, 'OWNERS_ALIASES'));
    },
  });
}
