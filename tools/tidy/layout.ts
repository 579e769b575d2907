/** Names, folders, READMEs, and no barrels. */
import type { Room } from '../../architecture.ts';
import { roomOf, type Finding, type Project } from './project.ts';

export interface LayoutLimits {
  readonly roomReadmeMax: number;
  readonly depthMax: number;
}

const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:slow\.)?test|\.bench)?\.(?:ts|js)$/;
const vagueName = /^(?:index|utils?|helpers?|common|misc|shared|types-?all)(?:\.test)?\.(?:ts|js)$/;

export function layout(project: Project, rooms: readonly Room[], limits: LayoutLimits): readonly Finding[] {
  return [
    ...project.sources.flatMap(({ path }) => fileName(path, limits.depthMax)),
    ...barrels(project),
    ...roomReadmes(project, rooms, limits.roomReadmeMax),
  ];
}

function fileName(path: string, depthMax: number): readonly Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const depth = path.split('/').length - 2;
  return [
    ...(kebabCase.test(name) ? [] : [{ path, message: 'file names are kebab-case' }]),
    ...(vagueName.test(name) ? [{ path, message: 'name the file for the concept it holds' }] : []),
    ...(path.startsWith('src/') && depth > depthMax
      ? [{ path, message: `more than ${depthMax} folders below src/` }]
      : []),
  ];
}

/** A file that only passes on what others export: imports must name the file that has the thing. */
function barrels(project: Project): readonly Finding[] {
  return project.sources
    .filter(({ code }) => {
      const statements = code.split(';').map((statement) => statement.trim());
      const written = statements.filter((statement) => statement !== '');
      const isPassedOn = (statement: string): boolean => /^export\b[^;]*\bfrom\s*['"]/.test(statement);
      return /\bexport\s*\*/.test(code) || (written.length > 0 && written.every(isPassedOn));
    })
    .map(({ path }) => ({ path, message: 'a barrel: import from the file that has the thing' }));
}

function roomReadmes(project: Project, rooms: readonly Room[], linesMax: number): readonly Finding[] {
  const present = new Set(project.sources.map(({ path }) => roomOf(path)));
  return rooms
    .filter(({ name }) => present.has(name))
    .flatMap(({ name, start }) => {
      const path = `src/${name}/README.md`;
      const lines = project.textOf(path)?.split('\n').length ?? 0;
      return [
        ...(lines === 0 ? [{ path, message: 'the room has no README.md' }] : []),
        ...(lines > linesMax + 1 ? [{ path, message: `a room's README has ${linesMax} lines at most` }] : []),
        ...(start !== undefined && !project.paths.has(`src/${name}/${start}`)
          ? [{ path: 'architecture.ts', message: `src/${name}/${start}, the first file to read, does not exist` }]
          : []),
      ];
    });
}
