import { type RestApi, unlessMissing } from '../calls/rest-api.ts';
import { cutText, oneLine } from '../cut-text.ts';
import {
  ForgeError,
  type PostOutcome,
  type RemoteHandle,
  type ShownStatus,
  type StatusReport,
  type StatusTarget,
} from '../forge.ts';
import type { Project } from '../git-event.ts';
import { pathOf } from './cloud-api.ts';
import { buildKey, buildState, stateOfBuild } from './status-words.ts';

const nameCharactersMax = 255;
const descriptionCharactersMax = 255;

/**
 * Shows a status: a post with a key that is there overwrites what it shows. A pull request of a fork shows the statuses of its
 * head where that lives: in the fork, unless the commit has come to the repository by another way.
 */
export async function postStatus(
  api: RestApi,
  report: StatusReport,
  handle: RemoteHandle | undefined,
): Promise<PostOutcome> {
  const place = await placeOf(api, report, handle);
  const body = {
    key: buildKey(report.context),
    state: buildState(report.state),
    name: cutText(report.context, nameCharactersMax),
    description: cutText(oneLine(report.title), descriptionCharactersMax),
    // Bitbucket takes no status without a link.
    url: report.detailsUrl ?? `${report.project.url}/commits/${report.sha}`,
  };
  try {
    await api.text({ method: 'POST', path: `${place.path}/statuses/build`, body });
    return { ok: true, handle: place.handle };
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 400) return { ok: false, refused: thrown.message };
    throw thrown;
  }
}

/** What is shown in a context. */
export async function readStatus(
  api: RestApi,
  target: StatusTarget,
  handle: RemoteHandle | undefined,
): Promise<ShownStatus | undefined> {
  const place = await placeOf(api, target, handle);
  const path = `${place.path}/statuses/build/${buildKey(target.context)}`;
  const answer = api.read({ path }, (reader): ShownStatus => {
    const hostState = reader.text('state');
    const title = reader.optionalText('description');
    const detailsUrl = reader.optionalText('url');
    return {
      state: stateOfBuild(hostState),
      hostState,
      ...(title !== undefined && { title }),
      ...(detailsUrl !== undefined && { detailsUrl }),
      handle: place.handle,
    };
  });
  return unlessMissing(answer);
}

interface Place {
  /** Of the commit. */
  readonly path: string;
  readonly handle: RemoteHandle;
}

/** Decided once, by where the commit is, and kept: a failed post never changes it. */
async function placeOf(api: RestApi, target: StatusTarget, handle: RemoteHandle | undefined): Promise<Place> {
  const { project, pullRequest, sha } = target;
  const commitOf = (holder: Project): string => `${pathOf(holder)}/commit/${encodeURIComponent(sha)}`;
  const head = pullRequest?.headProject;
  if (head === undefined || head.url === project.url) return { path: commitOf(project), handle: {} };
  const known = handle?.['repository'];
  const isHere = known === undefined ? await hasCommit(api, commitOf(project)) : known === 'own';
  return isHere
    ? { path: commitOf(project), handle: { repository: 'own' } }
    : { path: commitOf(head), handle: { repository: 'fork' } };
}

async function hasCommit(api: RestApi, path: string): Promise<boolean> {
  return (await unlessMissing(api.text({ path }))) !== undefined;
}
