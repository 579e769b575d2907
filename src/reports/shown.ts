import type { ShownStatus, StatusReport } from '../forge/forge.ts';

/** Characters of a title that must be the same: hosts cut titles, and some put words before them. */
const comparedCharacters = 40;

/**
 * Whether what a host shows is `report`: the word for its state, and the same attempt, as far as the host keeps something by
 * which attempts are told apart. `hostState` is the host's word for the report's state; `isAttemptShown` says that the host was
 * seen to take something of this attempt before: then only the word counts.
 */
export function shows(
  shown: ShownStatus | undefined,
  report: StatusReport,
  hostState: string,
  isAttemptShown = false,
): boolean {
  if (shown === undefined || shown.hostState !== hostState) return false;
  if (shown.externalId !== undefined && shown.externalId !== '') return shown.externalId === report.externalId;
  if (isAttemptShown) return true;
  if (shown.detailsUrl !== undefined && shown.detailsUrl !== '' && report.detailsUrl !== undefined) {
    return shown.detailsUrl === report.detailsUrl;
  }
  const [seen, wanted] = [shown.title, report.title].map((title) => title?.trim().slice(0, comparedCharacters));
  return seen === undefined || seen === '' || seen === wanted;
}
