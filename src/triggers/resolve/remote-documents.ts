import type { Forge } from '../../forge/forge.ts';
import type { Project } from '../../forge/git-event.ts';
import type { Catalog } from '../../forge/kinds/settings.ts';
import { catalogDocument } from './catalogs.ts';
import { type HostedFile, hostedFileOf } from './hosted-file.ts';
import type { RemoteReference } from './references.ts';
import { RemoteFetchError, type RemoteFetcher, remoteDocumentBytesMax } from './remote-fetcher.ts';

/** Most documents fetched for one event. */
export const remoteDocumentsMax = 100;
/** Most characters of all of them together. */
export const remoteCharactersMax: number = 16 * 1024 * 1024;

/** Where the documents of one event come from. */
export interface RemoteSources {
  /** A file of the tested repository at the tested commit. */
  readFile(path: string): Promise<string | undefined>;
  /** Which file of the event's own Git host an address shows; undefined = none of that host. */
  hostedFile(url: string): HostedFile | undefined;
  /** Such a file, read with the credential of the event. */
  readHostedFile(file: HostedFile): Promise<string | undefined>;
  readonly fetcher: RemoteFetcher;
  readonly catalogs: readonly Catalog[];
  /** Setting `remote-tasks`: whether addresses and catalogs may be used. */
  readonly remoteTasks: boolean;
}

/** What {@link forgeSources} needs. */
export interface ForgeSourcesOptions {
  readonly forge: Forge;
  /** The tested repository, and the commit its files are read at. */
  readonly project: Project;
  readonly sha: string;
  /** Projects, `owner/name`, besides the tested one that may be read with a credential of their own. Default none. */
  readonly further?: readonly string[] | 'all';
  readonly fetcher: RemoteFetcher;
  readonly catalogs: readonly Catalog[];
  readonly remoteTasks: boolean;
}

/** The sources of an event at a Git host. */
export function forgeSources(options: ForgeSourcesOptions): RemoteSources {
  const { forge, project, sha, fetcher, catalogs, remoteTasks } = options;
  const isOnWeb = /^https?:/.test(project.url);
  return {
    fetcher,
    catalogs,
    remoteTasks,
    readFile: (path) => forge.readFile(project, sha, path),
    hostedFile: (url) => (isOnWeb ? hostedFileOf(url, forge.kind, project.url) : undefined),
    readHostedFile: (file) => readHosted(options, file),
  };
}

/** Another project is read with what the tested one may read: an App reaches more than its event is about. */
async function readHosted(options: ForgeSourcesOptions, file: HostedFile): Promise<string | undefined> {
  const project: Project = { url: file.projectUrl, owner: file.owner, name: file.name };
  const forge = mayReach(options, project)
    ? options.forge
    : ((await options.forge.readingFor?.(options.project)) ?? options.forge);
  if (/^[0-9a-f]{40}$/.test(file.ref)) return forge.readFile(project, file.ref, file.path);
  const revision =
    (await forge.readRevision(project, file.ref)) ??
    (file.ref.startsWith('refs/') ? undefined : await forge.readRevision(project, `refs/tags/${file.ref}`));
  return revision && (await forge.readFile(project, revision.sha, file.path));
}

function mayReach({ project: home, further = [] }: ForgeSourcesOptions, project: Project): boolean {
  const nameOf = ({ owner, name }: Project): string => `${owner}/${name}`.toLowerCase();
  if (further === 'all') return project.owner.toLowerCase() === home.owner.toLowerCase();
  return [nameOf(home), ...further.map((each) => each.toLowerCase())].includes(nameOf(project));
}

/**
 * The remote documents of one event: each is fetched once, as text, and parsed anew for every use, so that no run sees
 * what another did to it. Bounded in number and size.
 */
export class RemoteDocuments {
  readonly #sources: RemoteSources;
  readonly #texts = new Map<string, Promise<string | undefined>>();
  #fetches = 0;
  #characters = 0;

  constructor(sources: RemoteSources) {
    this.#sources = sources;
  }

  /**
   * The text `reference` leads to; undefined = there is none. Throws {@link RemoteFetchError} or `ForgeError` when it cannot
   * be had.
   */
  async read(reference: RemoteReference, kind: 'Pipeline' | 'Task'): Promise<string | undefined> {
    const key = `${kind} ${JSON.stringify(reference)}`;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    this.#fetches += 1;
    if (this.#fetches > remoteDocumentsMax) {
      throw new RemoteFetchError(`an event may fetch at most ${remoteDocumentsMax} documents`, { passing: false });
    }
    const reading = this.#fetch(reference, kind);
    this.#texts.set(key, reading);
    try {
      return await reading;
    } catch (thrown) {
      // What failed may be asked for again, within the limit.
      this.#texts.delete(key);
      throw thrown;
    }
  }

  async #fetch(reference: RemoteReference, kind: 'Pipeline' | 'Task'): Promise<string | undefined> {
    const text = await this.#textOf(reference, kind);
    this.#characters += text?.length ?? 0;
    if ((text?.length ?? 0) > remoteDocumentBytesMax) {
      throw new RemoteFetchError(`it has more than ${remoteDocumentBytesMax} bytes`, { passing: false });
    }
    if (this.#characters > remoteCharactersMax) {
      const message = `the documents of an event may have at most ${remoteCharactersMax} characters together`;
      throw new RemoteFetchError(message, { passing: false });
    }
    return text;
  }

  async #textOf(reference: RemoteReference, kind: 'Pipeline' | 'Task'): Promise<string | undefined> {
    const { catalogs, fetcher, remoteTasks } = this.#sources;
    if (reference.type === 'path') return this.#sources.readFile(reference.path);
    if (!remoteTasks) {
      const message =
        'addresses and catalogs are switched off by the setting remote-tasks; use a path in the repository';
      throw new RemoteFetchError(message, { passing: false });
    }
    if (reference.type === 'catalog') return catalogDocument(reference, kind, catalogs, fetcher);
    const file = this.#sources.hostedFile(reference.url);
    if (file !== undefined) return this.#sources.readHostedFile(file);
    return fetcher.fetchText(reference.url, remoteDocumentBytesMax);
  }
}
