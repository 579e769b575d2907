/** Pipelines and the commit statuses in them, as GitLab's `Ci::CreateCommitStatusService` and `CommitStatus` keep them. */
import type { GitModel, ModelRepository, ModelUser } from '../git-model.ts';
import type { HostAnswer } from '../host-server.ts';

export interface Pipeline {
  readonly id: number;
  readonly repository: ModelRepository;
  readonly sha: string;
  readonly ref: string;
  readonly source: 'external' | 'push' | 'merge_request_event';
  archived: boolean;
}

export interface StatusRow {
  readonly id: number;
  readonly pipeline: Pipeline;
  readonly name: string;
  readonly user: ModelUser;
  status: string;
  description: string | null;
  targetUrl: string | null;
  readonly createdAtMs: number;
  startedAtMs?: number;
  finishedAtMs?: number;
  /** Another row of the same name took its place. */
  retried: boolean;
}

/** The parameters of `POST /projects/:id/statuses/:sha`. */
export interface StatusParams {
  readonly state?: unknown;
  readonly ref?: unknown;
  readonly name?: unknown;
  readonly context?: unknown;
  readonly target_url?: unknown;
  readonly description?: unknown;
  readonly pipeline_id?: unknown;
}

type Posted = { readonly row: StatusRow } | { readonly refusal: HostAnswer };

/** From which states an event leads to which. A row that is new has the state `created`. */
const transitions: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>> = {
  enqueue: { from: ['created', 'skipped', 'manual', 'scheduled'], to: 'pending' },
  run: { from: ['pending'], to: 'running' },
  skip: { from: ['created', 'waiting_for_resource', 'preparing', 'pending'], to: 'skipped' },
  drop: { from: ['created', 'waiting_for_resource', 'preparing', 'pending', 'running', 'manual'], to: 'failed' },
  success: { from: ['created', 'waiting_for_resource', 'preparing', 'pending', 'running'], to: 'success' },
  cancel: { from: ['created', 'waiting_for_resource', 'preparing', 'pending', 'running', 'manual'], to: 'canceled' },
};

/** The events that a state asks for; only the last one must be possible. */
const eventsOf: Readonly<Record<string, readonly string[]>> = {
  pending: ['enqueue'],
  running: ['enqueue', 'run'],
  success: ['success'],
  failed: ['drop'],
  canceled: ['cancel'],
  skipped: ['skip'],
};

const textCharactersMax = 255;

export class CommitStatuses {
  readonly pipelines: Pipeline[] = [];
  readonly rows: StatusRow[] = [];
  /** `ci_pipeline_size`; 0 = no limit. */
  jobsMax = 0;
  readonly #model: GitModel;

  constructor(model: GitModel) {
    this.#model = model;
  }

  addPipeline(repository: ModelRepository, sha: string, ref: string, source: Pipeline['source']): Pipeline {
    const pipeline = { id: this.#model.nextId(), repository, sha, ref, source, archived: false };
    this.pipelines.push(pipeline);
    return pipeline;
  }

  post(repository: ModelRepository, sha: string, params: StatusParams, user: ModelUser): Posted {
    const state = typeof params.state === 'string' ? params.state : '';
    if (state === '') return refused(400, { error: 'state is missing' });
    if (eventsOf[state] === undefined) return refused(400, { error: 'state does not have a valid value' });
    if (!repository.commits.has(sha)) return refused(404, { message: '404 Commit Not Found' });
    const matching = this.#matching(repository, sha, params);
    const ref = asText(params.ref) ?? matching?.ref ?? this.#branchWith(repository, sha);
    if (ref === undefined) return refused(404, { message: '404 References for commit Not Found' });
    if (params.pipeline_id !== undefined && matching === undefined) {
      return refused(404, { message: '404 Pipeline for pipeline_id, sha and ref Not Found' });
    }
    const name = asText(params.name) ?? asText(params.context) ?? 'default';
    const invalid = invalidMembers({ ...params, name });
    if (invalid !== undefined) return refused(400, { message: invalid });
    return this.#write({ repository, sha, ref, name, state, user, params, matching });
  }

  /** Rows of a commit, newest first; those that others replaced only with `all`. */
  list(repository: ModelRepository, sha: string, all: boolean): readonly StatusRow[] {
    const rows = this.rows.filter((row) => row.pipeline.repository === repository && row.pipeline.sha === sha);
    return rows.filter((row) => all || !row.retried).reverse();
  }

  newestPipeline(accepts: (pipeline: Pipeline) => boolean): Pipeline | undefined {
    return this.pipelines.findLast(accepts);
  }

  #write(wanted: {
    readonly repository: ModelRepository;
    readonly sha: string;
    readonly ref: string;
    readonly name: string;
    readonly state: string;
    readonly user: ModelUser;
    readonly params: StatusParams;
    readonly matching: Pipeline | undefined;
  }): Posted {
    const { matching, name, user } = wanted;
    const known = matching === undefined ? undefined : this.#openRow(matching, name, user, wanted.ref);
    const isFull = matching !== undefined && known === undefined && this.#isFull(matching);
    if (isFull && wanted.params.pipeline_id !== undefined) {
      return refused(422, { message: 'The number of jobs has exceeded the limit' });
    }
    const pipeline =
      matching === undefined || isFull
        ? this.addPipeline(wanted.repository, wanted.sha, wanted.ref, 'external')
        : matching;
    const next = transition(known?.status ?? 'created', wanted.state);
    if ('refusal' in next) return refused(400, { message: next.refusal });
    const row = known ?? this.#newRow(pipeline, name, user);
    this.#apply(row, next.status, wanted.params);
    return { row };
  }

  #apply(row: StatusRow, status: string, params: StatusParams): void {
    const now = this.#model.clock.now();
    row.status = status;
    if (params.target_url !== undefined) row.targetUrl = asText(params.target_url) ?? null;
    if (params.description !== undefined) row.description = asText(params.description) ?? null;
    if (status === 'running') row.startedAtMs = now;
    if (status !== 'running' && status !== 'pending') row.finishedAtMs = now;
  }

  #newRow(pipeline: Pipeline, name: string, user: ModelUser): StatusRow {
    for (const row of this.rows) if (row.pipeline === pipeline && row.name === name) row.retried = true;
    const row: StatusRow = {
      id: this.#model.nextId(),
      pipeline,
      name,
      user,
      status: 'created',
      description: null,
      targetUrl: null,
      createdAtMs: this.#model.clock.now(),
      retried: false,
    };
    this.rows.push(row);
    return row;
  }

  #openRow(pipeline: Pipeline, name: string, user: ModelUser, ref: string): StatusRow | undefined {
    return this.rows.find(
      (row) =>
        row.pipeline === pipeline &&
        row.pipeline.ref === ref &&
        row.name === name &&
        row.user.id === user.id &&
        (row.status === 'pending' || row.status === 'running'),
    );
  }

  #matching(repository: ModelRepository, sha: string, params: StatusParams): Pipeline | undefined {
    const ref = asText(params.ref);
    const id = params.pipeline_id === undefined ? undefined : Number(params.pipeline_id);
    return this.newestPipeline(
      (pipeline) =>
        pipeline.repository === repository &&
        pipeline.sha === sha &&
        !pipeline.archived &&
        (ref === undefined || pipeline.ref === ref) &&
        (id === undefined || pipeline.id === id),
    );
  }

  #isFull(pipeline: Pipeline): boolean {
    return this.jobsMax > 0 && this.rows.filter((row) => row.pipeline === pipeline).length >= this.jobsMax;
  }

  #branchWith(repository: ModelRepository, sha: string): string | undefined {
    const names = [...repository.branches.keys()].sort();
    return names.find((name) => {
      const head = repository.branches.get(name);
      return head !== undefined && repository.historyOf(head).some((commit) => commit.sha === sha);
    });
  }
}

function transition(from: string, wanted: string): { readonly status: string } | { readonly refusal: string } {
  const events = eventsOf[wanted] ?? [];
  let status = from;
  for (const [index, event] of events.entries()) {
    const rule = transitions[event];
    if (rule?.from.includes(status) === true) status = rule.to;
    else if (index === events.length - 1) {
      const why = `(Reason(s): Status cannot transition via "${event}")`;
      return { refusal: `Cannot transition status via :${event} from :${status} ${why}` };
    }
  }
  return { status };
}

function invalidMembers(params: StatusParams): Readonly<Record<string, readonly string[]>> | undefined {
  const invalid: Record<string, readonly string[]> = {};
  for (const member of ['name', 'description', 'target_url'] as const) {
    const text = asText(params[member]);
    if (text !== undefined && text.length > textCharactersMax) {
      invalid[member] = [`is too long (maximum is ${textCharactersMax} characters)`];
    }
  }
  const url = asText(params.target_url);
  if (url !== undefined && !/^https?:\/\//.test(url)) {
    invalid['target_url'] = ['is blocked: Only allowed schemes are http, https'];
  }
  return Object.keys(invalid).length === 0 ? undefined : invalid;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function refused(status: number, json: unknown): Posted {
  return { refusal: { status, json } };
}
