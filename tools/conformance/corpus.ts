import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One example of the Tekton corpus, as its index describes it. */
export interface CorpusEntry {
  /** Below the corpus folder. */
  readonly path: string;
  readonly features: string;
  /** Whether host programs suffice: `yes`, `partly` (with bash, python3 or perl), `no`. */
  readonly shellOnly: string;
  /** What it asks of the machine or the configuration, `;` between. */
  readonly needs: string;
  /** How it ends on Tekton: `Succeeded`, `Succeeded/Completed`, or in words. */
  readonly expected: string;
}

/** The folder of the corpus beside the repository; undefined where there is none. */
export function findCorpus(root: string): string | undefined {
  const folder = join(root, '..', 'shared', 'corpus', 'tekton');
  return existsSync(join(folder, 'index.tsv')) ? folder : undefined;
}

/** Reads `index.tsv`. */
export function readIndex(folder: string): readonly CorpusEntry[] {
  const [, ...lines] = readFileSync(join(folder, 'index.tsv'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [path = '', features = '', , shellOnly = '', needs = '', expected = ''] = line.split('\t');
    return { path, features, shellOnly, needs, expected };
  });
}
