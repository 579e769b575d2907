import type { ShownStatus, StatusReport } from '../forge/forge.ts';

/** Characters of a title that must be the same: hosts cut titles. */
const comparedCharacters = 40;

/**
 * Whether a host shows `report`: the word for its state, the same attempt and the same title, as far as the host keeps them.
 * `hostState` is the host's word for the report's state. When in doubt it is not: to post it once more is harmless.
 */
export function shows(shown: ShownStatus | undefined, report: StatusReport, hostState: string): boolean {
  if (shown?.hostState !== hostState || isSameAttempt(shown, report) === false) return false;
  return hasSameTitle(shown, report) ?? true;
}

/**
 * Whether a host that refused `report` shows it all the same, though perhaps in other words: it takes no second status of one
 * name. `isAttemptShown` says that it was seen to take something of this attempt before; without that the attempt must show.
 */
export function showsDespiteRefusal(
  shown: ShownStatus | undefined,
  report: StatusReport,
  hostState: string,
  isAttemptShown: boolean,
): boolean {
  if (shown?.hostState !== hostState) return false;
  return isSameAttempt(shown, report) ?? (isAttemptShown || hasSameTitle(shown, report) === true);
}

/** undefined = the host keeps nothing by which attempts are told apart. */
function isSameAttempt(shown: ShownStatus, report: StatusReport): boolean | undefined {
  if (shown.externalId !== undefined && shown.externalId !== '') return shown.externalId === report.externalId;
  if (shown.detailsUrl === undefined || shown.detailsUrl === '' || report.detailsUrl === undefined) return undefined;
  return shown.detailsUrl === report.detailsUrl;
}

/** undefined = the host shows no title. */
function hasSameTitle(shown: ShownStatus, report: StatusReport): boolean | undefined {
  const [seen, wanted] = [shown.title, report.title].map((title) => title?.trim().slice(0, comparedCharacters));
  return seen === undefined || seen === '' ? undefined : seen === wanted;
}
