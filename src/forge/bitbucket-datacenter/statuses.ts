import { type RestApi, unlessMissing } from '../calls/rest-api.ts';
import { cutText, oneLine } from '../cut-text.ts';
import { ForgeError, type PostOutcome, type ShownStatus, type StatusReport, type StatusTarget } from '../forge.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { pathOf } from './datacenter-api.ts';
import { buildState, stateOfBuild } from './status-words.ts';

const nameCharactersMax = 255;
const descriptionCharactersMax = 255;
const buildNumberCharactersMax = 255;
const linkCharactersMax = 450;
/** Shows a status: a post with a key that is there overwrites what it shows. The key is the context, the same in every attempt. */
export async function postStatus(api: RestApi, report: StatusReport): Promise<PostOutcome> {
  const body = {
    key: cutText(report.context, nameCharactersMax),
    state: buildState(report.state),
    name: cutText(report.context, nameCharactersMax),
    description: cutText(oneLine(report.title), descriptionCharactersMax),
    // Bitbucket takes no status without a link.
    url: linkOf(report),
    ...detailsOf(report),
  };
  try {
    await api.text({ method: 'POST', path: buildsPath(report), body });
    return { ok: true, handle: {} };
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 400) return { ok: false, refused: thrown.message };
    throw thrown;
  }
}

function linkOf({ detailsUrl, project, sha }: StatusReport): string {
  const own = `${project.url}/commits/${sha}`;
  return detailsUrl === undefined || detailsUrl.length > linkCharactersMax ? own : detailsUrl;
}

function detailsOf({
  context,
  externalId,
  ref,
  startedAt,
  completedAt,
}: StatusReport): Record<string, string | number> {
  const seconds = (Date.parse(completedAt ?? '') - Date.parse(startedAt ?? '')) / 1000;
  return {
    buildNumber: cutText(externalId, buildNumberCharactersMax),
    // By it, a merge check can require this build.
    parent: cutText(context, nameCharactersMax),
    ...(ref === undefined ? {} : { ref }),
    ...(Number.isFinite(seconds) ? { duration: Math.max(0, Math.round(seconds)) } : {}),
  };
}

/** What is shown in a context. */
export function readStatus(api: RestApi, target: StatusTarget): Promise<ShownStatus | undefined> {
  const key = cutText(target.context, nameCharactersMax);
  return unlessMissing(api.read({ path: buildsPath(target), query: { key } }, readBuild));
}

/** Builds of a repository, which version 7.14 brought. The older API has none that were cancelled: those would be red. */
function buildsPath({ project, sha }: StatusTarget): string {
  return `${pathOf(project)}/commits/${encodeURIComponent(sha)}/builds`;
}

function readBuild(reader: PayloadReader): ShownStatus {
  const hostState = reader.text('state');
  const title = reader.optionalText('description');
  const detailsUrl = reader.optionalText('url');
  const externalId = reader.optionalText('buildNumber');
  return {
    state: stateOfBuild(hostState),
    hostState,
    ...(title !== undefined && { title }),
    ...(detailsUrl !== undefined && { detailsUrl }),
    ...(externalId !== undefined && { externalId }),
    handle: {},
  };
}
