/** `npm run tidy [-- --write]`: says where the repository breaks its own rules; `--write` redraws the map in the README. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rooms, sizes } from '../architecture.ts';
import { readProject } from './tidy/read-project.ts';
import { mapOf, withMap } from './tidy/readme-map.ts';
import { findingsOf, findingText } from './tidy/rules.ts';
import { longFiles } from './tidy/sizes.ts';

const root = join(import.meta.dirname, '..');
if (process.argv.includes('--write')) {
  const project = readProject(root);
  const readme = withMap(project.textOf('README.md') ?? '', mapOf(project, rooms));
  if (readme !== undefined) writeFileSync(join(root, 'README.md'), readme);
}
const project = readProject(root);
const findings = findingsOf(project);
for (const finding of findings) console.log(findingText(finding));
for (const notice of longFiles(project, sizes)) console.log(`(long: ${findingText(notice)})`);
console.log(`${findings.length} findings in ${project.sources.length} files`);
process.exitCode = findings.length === 0 ? 0 : 1;
