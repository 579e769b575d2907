/** Who imports whom: the table of rooms, packages of one room, pure rooms, and no cycles. */
import type { Room } from '../../architecture.ts';
import { roomOf, type Finding, type Import, type Project, type SourceFile } from './project.ts';

/** A room imports rooms of a lower rank, and packages that it owns or that no room owns. */
export function importTable(project: Project, rooms: readonly Room[]): readonly Finding[] {
  const byName = new Map(rooms.map((room) => [room.name, room]));
  const owners = new Map(rooms.flatMap((room) => (room.packages ?? []).map((name) => [name, room.name] as const)));
  return project.sources.flatMap((file) => {
    const name = roomOf(file.path);
    if (name === undefined) return importsOutside(project, file);
    const room = byName.get(name);
    if (room === undefined) return [{ path: file.path, message: `architecture.ts has no room ${name}` }];
    return file.imports.flatMap((one) => {
      const message =
        problemOf(one, file, room, byName) ?? packageProblem(one, file, room, owners) ?? missing(project, one);
      return message === undefined ? [] : [{ path: file.path, line: one.line, message }];
    });
  });
}

function problemOf(one: Import, file: SourceFile, room: Room, rooms: ReadonlyMap<string, Room>): string | undefined {
  if (one.target === undefined) return undefined;
  const other = rooms.get(roomOf(one.target) ?? '');
  if (other === undefined) {
    if (file.isForTests && one.target.startsWith('test/support/')) return undefined;
    return `src may not import ${one.target}`;
  }
  if (other.name === room.name) return undefined;
  if (other.rank >= room.rank) {
    return `${room.name} (rank ${room.rank}) may not import ${other.name} (rank ${other.rank}): imports go to a lower rank`;
  }
  return room.mayNotImport?.includes(other.name) ? `${room.name} may not import ${other.name}` : undefined;
}

function packageProblem(
  one: Import,
  file: SourceFile,
  room: Room,
  owners: ReadonlyMap<string, string>,
): string | undefined {
  if (one.target !== undefined || file.isForTests) return undefined;
  if (one.specifier.startsWith('node:')) {
    return room.pure ? `${room.name} is pure: it may not import ${one.specifier}` : undefined;
  }
  const owner = owners.get(/^(?:@[^/]+\/)?[^/]+/.exec(one.specifier)?.[0] ?? '');
  if (owner === undefined) return `no room of architecture.ts wraps the package ${one.specifier}`;
  return owner === room.name ? undefined : `only ${owner} may import ${one.specifier}`;
}

/** Tests and tools may import everything that exists. */
function importsOutside(project: Project, file: SourceFile): readonly Finding[] {
  return file.imports.flatMap((one) => {
    const message = missing(project, one);
    return message === undefined ? [] : [{ path: file.path, line: one.line, message }];
  });
}

function missing(project: Project, { specifier, target }: Import): string | undefined {
  if (target === undefined || project.paths.has(target)) return undefined;
  return `${specifier} is no file: write the path with its ending (.ts)`;
}

/** Files that need each other, directly or around corners, cannot be understood or replaced one by one. */
export function importCycles(project: Project): readonly Finding[] {
  const byPath = new Map(project.sources.map((file) => [file.path, file]));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = [...trail.slice(start), path].join(' → ');
      findings.push({ path, message: `import cycle: ${cycle}` });
    }
    if (start >= 0 || done.has(path)) return;
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of project.sources) visit(path, []);
  return findings;
}
