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
const buildsMax = 2_000;
/** From this version on, builds belong to a repository and can be cancelled; before, to a commit of whatever repository. */
const buildsSince: readonly [number, number] = [7, 14];

/** The two ways in which builds are kept. */
export type BuildsApi = 'of-repository' | 'of-commit';

/** Which way the server knows. */
export async function readBuildsApi(api: RestApi): Promise<BuildsApi> {
  const version = await api.read({ path: '/rest/api/1.0/application-properties' }, (reader) => reader.text('version'));
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [sinceMajor, sinceMinor] = buildsSince;
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor) ? 'of-repository' : 'of-commit';
}

/** Shows a status: a post with a key that is there overwrites what it shows. The key is the context, the same in every attempt. */
export async function postStatus(api: RestApi, builds: BuildsApi, report: StatusReport): Promise<PostOutcome> {
  const body = {
    key: cutText(report.context, nameCharactersMax),
    state: stateFor(builds, report),
    name: cutText(report.context, nameCharactersMax),
    description: cutText(oneLine(report.title), descriptionCharactersMax),
    // Bitbucket takes no status without a link.
    url: linkOf(report),
    ...(builds === 'of-repository' ? detailsOf(report) : {}),
  };
  try {
    await api.text({ method: 'POST', path: buildsPath(builds, report), body });
    return { ok: true, handle: {} };
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 400) return { ok: false, refused: thrown.message };
    throw thrown;
  }
}

/** Old servers know neither cancelled builds nor unknown ones. */
function stateFor(builds: BuildsApi, { state }: StatusReport): string {
  const word = buildState(state);
  return builds === 'of-commit' && word === 'CANCELLED' ? 'FAILED' : word;
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
export async function readStatus(
  api: RestApi,
  builds: BuildsApi,
  target: StatusTarget,
): Promise<ShownStatus | undefined> {
  const key = cutText(target.context, nameCharactersMax);
  const path = buildsPath(builds, target);
  if (builds === 'of-repository') return unlessMissing(api.read({ path, query: { key } }, readBuild));
  const call = { path, query: { limit: 100 } };
  const list = await unlessMissing(
    api.list(call, buildsMax, (reader) => ({ key: reader.text('key'), status: readBuild(reader) })),
  );
  return list?.items.find((build) => build.key === key)?.status;
}

function buildsPath(builds: BuildsApi, { project, sha }: StatusTarget): string {
  const commit = `/commits/${encodeURIComponent(sha)}`;
  return builds === 'of-repository' ? `${pathOf(project)}${commit}/builds` : `/rest/build-status/1.0${commit}`;
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
