/** Links between files of the repository. */
import { dirname, join } from 'node:path/posix';
import { lineAt, type Finding, type Project } from './project.ts';

const linkPattern = /\[[^\]]*\]\((?!\w+:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g;

/** Links in Markdown files to files and folders that do not exist. */
export function deadLinks(project: Project): readonly Finding[] {
  const paths = [...project.paths].filter((path) => path.endsWith('.md'));
  return paths.flatMap((path) => {
    const text = project.textOf(path) ?? '';
    return [...text.matchAll(linkPattern)]
      .filter((match) => !project.paths.has(join(dirname(path), match[1] ?? '').replace(/\/$/, '')))
      .map((match) => ({
        path,
        line: lineAt(text, match.index),
        message: `a link to ${match[1]}, which does not exist`,
      }));
  });
}
