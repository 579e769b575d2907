import type { GitModel, ModelPermission, ModelRepository, ModelUser } from '../git-model.ts';

/** GitLab's numbers for what the model calls permissions: Maintainer, Developer, Reporter. */
const levels: Readonly<Record<ModelPermission, number>> = { admin: 40, write: 30, read: 20 };

/** Who is a member of what, and at which access level. */
export class Members {
  readonly #model: GitModel;
  /** By project and login in lower case: levels that the words of the model cannot say. */
  readonly #levels = new Map<string, number>();
  readonly #groupLevels = new Map<string, number>();
  readonly #blocked = new Set<string>();

  constructor(model: GitModel) {
    this.#model = model;
  }

  setLevel(repository: ModelRepository, login: string, level: number): void {
    this.#model.user(login);
    this.#levels.set(`${repository.fullName}:${login}`.toLowerCase(), level);
  }

  setGroupLevel(group: string, login: string, level: number): void {
    this.#model.user(login);
    this.#groupLevels.set(`${group}:${login}`.toLowerCase(), level);
  }

  block(login: string): void {
    this.#blocked.add(login.toLowerCase());
  }

  stateOf(user: ModelUser): string {
    return this.#blocked.has(user.login.toLowerCase()) ? 'blocked' : 'active';
  }

  /** The highest of his own level and those of the groups the project lies in. */
  levelIn(repository: ModelRepository, user: ModelUser): number | undefined {
    const login = user.login.toLowerCase();
    const permission = repository.permissions.get(login);
    const own = this.#levels.get(`${repository.fullName}:${login}`.toLowerCase());
    const parts = repository.owner.split('/');
    const inherited = parts.map((_part, index) => this.levelInGroup(parts.slice(0, index + 1).join('/'), user));
    const known = [own, permission === undefined ? undefined : levels[permission], ...inherited];
    const given = known.filter((level) => level !== undefined);
    return given.length === 0 ? undefined : Math.max(...given);
  }

  levelInGroup(group: string, user: ModelUser): number | undefined {
    const level = this.#groupLevels.get(`${group}:${user.login}`.toLowerCase());
    return level ?? (user.teams.includes(group) ? levels.read : undefined);
  }

  hasGroup(path: string): boolean {
    const owners = this.#model.repositories.some(({ owner }) => owner === path || owner.startsWith(`${path}/`));
    const teams = [...this.#model.users.values()].some((user) => user.teams.includes(path));
    const levelled = [...this.#groupLevels.keys()].some((key) => key.startsWith(`${path.toLowerCase()}:`));
    return owners || teams || levelled;
  }
}
