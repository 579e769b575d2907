import { type RestApi, unlessMissing } from '../calls/rest-api.ts';
import { cutText, oneLine } from '../cut-text.ts';
import { ForgeError, type PostOutcome, type ShownStatus, type StatusReport, type StatusTarget } from '../forge.ts';
import { pathOf } from './cloud-api.ts';
import { buildKey, buildState, stateOfBuild } from './status-words.ts';

const nameCharactersMax = 255;
const descriptionCharactersMax = 255;

/** Shows a status: a post with a key that is there overwrites what it shows. */
export async function postStatus(api: RestApi, report: StatusReport): Promise<PostOutcome> {
  const body = {
    key: buildKey(report.context),
    state: buildState(report.state),
    name: cutText(report.context, nameCharactersMax),
    description: cutText(oneLine(report.title), descriptionCharactersMax),
    // Bitbucket takes no status without a link.
    url: report.detailsUrl ?? `${report.project.url}/commits/${report.sha}`,
  };
  try {
    await api.text({ method: 'POST', path: `${statusesPath(report)}/statuses/build`, body });
    return { ok: true, handle: {} };
  } catch (thrown) {
    if (thrown instanceof ForgeError && thrown.status === 400) return { ok: false, refused: thrown.message };
    throw thrown;
  }
}

/** What is shown in a context. */
export function readStatus(api: RestApi, target: StatusTarget): Promise<ShownStatus | undefined> {
  const path = `${statusesPath(target)}/statuses/build/${buildKey(target.context)}`;
  const answer = api.read({ path }, (reader): ShownStatus => {
    const hostState = reader.text('state');
    const title = reader.optionalText('description');
    const detailsUrl = reader.optionalText('url');
    return {
      state: stateOfBuild(hostState),
      hostState,
      ...(title !== undefined && { title }),
      ...(detailsUrl !== undefined && { detailsUrl }),
      handle: {},
    };
  });
  return unlessMissing(answer);
}

function statusesPath({ project, sha }: StatusTarget): string {
  return `${pathOf(project)}/commit/${encodeURIComponent(sha)}`;
}
