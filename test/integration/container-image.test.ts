/**
 * The Dockerfile, as far as it can be judged without building it: what it copies is there, the final image holds no more than
 * Node and the program, and the program starts from exactly what is copied, with the libraries of production alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

function stages(): readonly (readonly Instruction[])[] {
  const lines = text('Dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const all: Instruction[][] = [[]];
  for (const line of lines) {
    const [word = '', ...rest] = line.split(' ');
    if (word === 'FROM') all.push([]);
    all.at(-1)?.push({ word, rest: rest.join(' ') });
  }
  return all;
}

/** Sources of COPY that come from the build context. */
function copied(stage: readonly Instruction[]): readonly string[] {
  return stage
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from='))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
}

/** Paths in node_modules that `npm ci --omit=dev --omit=optional` installs. */
function productionPackages(): readonly string[] {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    packages: Readonly<Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>>;
  };
  return Object.entries(packages).flatMap(([place, { dev, optional, devOptional }]) =>
    place === '' || dev || optional || devOptional ? [] : [place],
  );
}

describe('the container image', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'penstock-image-'));
  after(() => rmSync(folder, { recursive: true }));
  const final = stages().at(-1) ?? [];

  it('copies what is there, and what the build context holds', () => {
    const ignored = text('.dockerignore').split('\n');
    assert.ok(ignored.includes('*'));
    for (const source of stages().flatMap(copied)) {
      assert.ok(existsSync(path.join(root, source)), source);
      assert.ok(ignored.includes(`!${source}`), `.dockerignore leaves out ${source}`);
    }
  });

  it('ends in a stage that runs nothing, as nobody, from images of a named version', () => {
    assert.ok(final.every(({ word }) => word !== 'RUN'));
    assert.equal(final.find(({ word }) => word === 'USER')?.rest, '65532:65532');
    for (const { word, rest } of stages().flat()) {
      if (word === 'FROM') assert.match(rest, /^[^ ]+:(?!latest)[^ ]+( AS \w+)?$/);
    }
    const [major = ''] = /\d+/.exec(stages()[0]?.find(({ word }) => word === 'ARG')?.rest ?? '') ?? [];
    assert.ok(Number(major) >= 24);
  });

  it('starts from exactly what it copies', () => {
    for (const source of copied(final)) {
      const isWanted = (file: string): boolean => !file.endsWith('.test.ts');
      cpSync(path.join(root, source), path.join(folder, source), { recursive: true, filter: isWanted });
    }
    for (const place of productionPackages()) {
      // What lies in another package comes along with it.
      if (place.lastIndexOf('node_modules/') > 0) continue;
      mkdirSync(path.dirname(path.join(folder, place)), { recursive: true });
      symlinkSync(path.join(root, place), path.join(folder, place));
    }
    const start = (...words: readonly string[]) =>
      spawnSync(process.execPath, [path.join(folder, 'bin/penstock.js'), ...words], {
        cwd: '/',
        env: { XDG_CACHE_HOME: path.join(folder, 'cache') },
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      });
    const version = start('--version');
    assert.equal(
      version.stdout.trim(),
      (JSON.parse(text('package.json')) as { version: string }).version,
      version.stderr,
    );
    assert.match(start('install', '--dry-run', '--without-tekton-crds').stdout, /kind: Deployment/);
    // Comes as far as looking for a cluster, and so loads all that the controllers are made of.
    const controller = start('controller', '--health-host=', '--health-port=0', '--webhook-port=0', '--lease-name=x');
    assert.match(controller.stderr, /no kubeconfig/);
    assert.equal(controller.status, 2);
  });

  it('is started by the Deployment with options that exist', () => {
    assert.equal(globSync('Dockerfile', { cwd: root }).length, 1);
    const deployment = text('deploy/base/deployment.yaml');
    const help = spawnSync(process.execPath, [path.join(root, 'bin/penstock.js'), 'controller', '--help'], {
      encoding: 'utf8',
    }).stdout;
    const flags = deployment.match(/--[a-z-]+(?==)/g) ?? [];
    assert.ok(flags.length >= 5);
    for (const flag of flags) assert.ok(help.includes(`${flag} <`), flag);
  });
});
