import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that runs the three tasks. */
export interface Contestant {
  readonly name: string;
  readonly command: readonly [file: string, ...words: string[]];
  readonly directory: string;
}

const root = join(import.meta.dirname, '../../..');

/** Each task is one line of shell; `b` and `c` start when `a` has succeeded. */
const lines = { a: 'echo compiling', b: 'echo testing', c: 'echo linting' } as const;

/**
 * Penstock from its bundle, which is made first: as `npx penstock` and npm scripts start it, with the pinned Node that
 * npm puts on the path; and as it starts where the system's own Node is older and has to hand over to the pinned one.
 */
export function penstock(scratch: string): readonly Contestant[] {
  execFileSync(process.execPath, [join(root, 'tools/bundle.ts')]);
  const directory = join(scratch, 'penstock');
  mkdirSync(join(directory, '.tekton'), { recursive: true });
  writeFileSync(join(directory, '.tekton', 'run.yaml'), tektonYaml());
  const words = [join(root, 'bin/penstock.js'), 'run'] as const;
  const system = systemNode();
  const version = execFileSync(system, ['--version'], { encoding: 'utf8' }).trim();
  return [
    { name: 'penstock', directory, command: [process.execPath, ...words] },
    { name: `penstock, started by Node ${version}`, directory, command: [system, ...words] },
  ];
}

/** The peer, with the Node that runs us: it needs a newer one than some systems have. */
export function gitlabCiLocal(scratch: string): Contestant {
  const directory = join(scratch, 'gitlab-ci-local');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, '.gitlab-ci.yml'), gitlabYaml());
  const git = (...words: string[]): Buffer => execFileSync('git', ['-C', directory, ...words]);
  git('init', '--quiet');
  git('remote', 'add', 'origin', 'https://git.example/group/project.git');
  git('add', '.');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@example.com', 'commit', '--quiet', '-m', 'three jobs');
  const program = join(root, 'node_modules/gitlab-ci-local/dist/index.js');
  return { name: 'gitlab-ci-local', directory, command: [process.execPath, program] };
}

function tektonYaml(): string {
  const task = (name: keyof typeof lines): string => `
      - name: ${name}${name === 'a' ? '' : '\n        runAfter: [a]'}
        taskSpec:
          steps:
            - name: work
              image: busybox
              script: ${lines[name]}`;
  return `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: three-tasks
spec:
  pipelineSpec:
    tasks:${(['a', 'b', 'c'] as const).map(task).join('')}
`;
}

function gitlabYaml(): string {
  const job = (name: keyof typeof lines): string => `
${name}:
  stage: ${name === 'a' ? 'first' : 'second'}${name === 'a' ? '' : '\n  needs: [a]'}
  script:
    - ${lines[name]}
`;
  return `stages: [first, second]\n${(['a', 'b', 'c'] as const).map(job).join('')}`;
}

/** npm puts folders of its own before those of the system. */
function systemNode(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, 'node')).find((path) => existsSync(path)) ?? process.execPath;
}
