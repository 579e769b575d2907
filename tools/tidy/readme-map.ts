/** The map in the README, drawn from the table of rooms. */
import type { Room } from '../../architecture.ts';
import { roomOf, type Finding, type Project } from './project.ts';

const mapStart = '<!-- map: written by `npm run tidy -- --write` -->';
const mapEnd = '<!-- end of the map -->';

/** Highest room first, as the program is entered from there. Rooms that are not built yet are not shown. */
export function mapOf(project: Project, rooms: readonly Room[]): string {
  const present = new Set(project.sources.map(({ path }) => roomOf(path)));
  const rows = rooms
    .filter(({ name }) => present.has(name))
    .toSorted((a, b) => b.rank - a.rank)
    .map(
      (room) =>
        `| ${room.rank} | [${room.name}](src/${room.name}/README.md) | ${room.owns}${pureMark(room)} | ${startOf(room)} |`,
    );
  return ['| rank | room | owns | read first |', '| --: | --- | --- | --- |', ...rows].join('\n');
}

function pureMark({ pure }: Room): string {
  return pure ? ' (pure)' : '';
}

function startOf({ name, start }: Room): string {
  return start === undefined ? '' : `[${start}](src/${name}/${start})`;
}

/** The README with a fresh map between its markers; undefined where the markers are missing. */
export function withMap(readme: string, map: string): string | undefined {
  const start = readme.indexOf(mapStart);
  const end = readme.indexOf(mapEnd);
  if (start < 0 || end < start) return undefined;
  return `${readme.slice(0, start + mapStart.length)}\n\n${map}\n\n${readme.slice(end)}`;
}

export function staleMap(project: Project, rooms: readonly Room[]): readonly Finding[] {
  const path = 'README.md';
  const readme = project.textOf(path) ?? '';
  const fresh = withMap(readme, mapOf(project, rooms));
  if (fresh === undefined) return [{ path, message: `has no map between "${mapStart}" and "${mapEnd}"` }];
  return fresh === readme ? [] : [{ path, message: 'its map is stale: npm run tidy -- --write' }];
}
