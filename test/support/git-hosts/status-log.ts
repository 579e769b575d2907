import type { Project } from '../../../src/forge/git-event.ts';
import type { SeenStatus } from './simulated-host.ts';

/** Every change of statuses at a host, in the order in which requests made them. */
export class StatusLog {
  readonly #seen: SeenStatus[] = [];

  /** `status.project` is `owner/name`. */
  record(status: SeenStatus): void {
    this.#seen.push(status);
  }

  /** Those of one commit, oldest first. */
  of(project: Project, sha: string): readonly SeenStatus[] {
    const name = `${project.owner}/${project.name}`.toLowerCase();
    return this.#seen.filter((status) => status.project.toLowerCase() === name && status.sha === sha);
  }
}
