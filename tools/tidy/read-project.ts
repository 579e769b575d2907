/** Reads the repository for the rules. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectOf, type Project } from './project.ts';

const everything = ['*', '.ci/*', 'examples/*/.tekton/*', '{bin,docs,examples,src,test,tools}/**/*'];
const isText = /\.(?:ts|js|md)$/;

export function readProject(root: string): Project {
  const paths = globSync(everything, {
    cwd: root,
    exclude: ['node_modules', 'test/published/node_modules'],
  }).toSorted();
  const textOf = (path: string): string => (isText.test(path) ? readFileSync(join(root, path), 'utf8') : '');
  return projectOf(Object.fromEntries(paths.map((path) => [path, textOf(path)])));
}
