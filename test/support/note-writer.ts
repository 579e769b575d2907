/**
 * A process that shows statuses in a repository: `node note-writer.ts URL SHA CONTEXT COUNT`. Writes the number of each one
 * that it knows to be kept on a line of its own.
 */
import { systemClock } from '../../src/base/system-clock.ts';
import { systemRandom } from '../../src/base/system-random.ts';
import { createGitForge } from '../../src/forge/git/git-forge.ts';
import { createGitProgram } from '../../src/forge/git/git-program.ts';
import { reportOf } from '../../src/forge/git/git-fixture.ts';

const [url = '', sha = '', context = '', count = ''] = process.argv.slice(2);
const surroundings = { path: process.env['PATH'] ?? '' };
const git = createGitProgram({ clock: systemClock, surroundings });
const forge = createGitForge({ git, clock: systemClock, random: systemRandom, cache: '/nowhere' });
const project = { url, owner: '', name: 'app' };
for (let number = 1; number <= Number(count); number++) {
  await forge.postStatus(
    reportOf(project, sha, { context: `${context} ${number % 5}`, title: String(number) }),
    undefined,
  );
  process.stdout.write(`${number}\n`);
}
