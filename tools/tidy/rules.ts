/** All rules of the house. */
import { bans, entryPoints, rooms, sizes } from '../../architecture.ts';
import { banned, pureRooms, unfinishedWork } from './bans.ts';
import { unexplainedCodes } from './error-codes.ts';
import { importCycles, importTable } from './import-table.ts';
import { layout } from './layout.ts';
import { deadLinks } from './links.ts';
import type { Finding, Project } from './project.ts';
import { deadExports, deadFiles } from './reach.ts';
import { staleMap } from './readme-map.ts';
import { tooLong } from './sizes.ts';

/** Everything that is wrong, in the order of paths and lines. */
export function findingsOf(project: Project): readonly Finding[] {
  const findings = [
    ...importTable(project, rooms),
    ...importCycles(project),
    ...banned(project, bans),
    ...pureRooms(project, rooms),
    ...unfinishedWork(project),
    ...tooLong(project, sizes),
    ...layout(project, rooms, sizes),
    ...deadFiles(project, entryPoints),
    ...deadExports(project),
    ...deadLinks(project),
    ...staleMap(project, rooms),
    ...unexplainedCodes(project),
  ];
  return findings.toSorted((a, b) => a.path.localeCompare(b.path, 'en') || (a.line ?? 0) - (b.line ?? 0));
}

export function findingText({ path, line, message }: Finding): string {
  return `${path}${line === undefined ? '' : `:${line}`} ${message}`;
}
