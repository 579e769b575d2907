/** Check runs and commit statuses of a simulated GitHub. */
import type { JsonObject } from '../../../../src/base/json.ts';
import { isJsonList, isJsonObject } from '../../../../src/base/json.ts';
import type { HostAnswer } from '../host-server.ts';
import type { ModelRepository } from '../git-model.ts';
import type { StatusLog } from '../status-log.ts';
import type { GithubAccounts } from './app.ts';
import { apiUrlOf, nodeId, timeOf, userOf, repositoryOf, type Place } from './documents.ts';

export interface CheckRun {
  readonly id: number;
  readonly repository: ModelRepository;
  readonly sha: string;
  name: string;
  externalId: string;
  detailsUrl: string | undefined;
  status: string;
  conclusion: string | undefined;
  startedAt: string | undefined;
  completedAt: string | undefined;
  title: string | undefined;
  summary: string | undefined;
  readonly annotations: JsonObject[];
  updatedAtMs: number;
}

interface CommitStatus {
  readonly id: number;
  readonly repository: ModelRepository;
  readonly sha: string;
  readonly context: string;
  readonly state: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly creator: string;
  readonly atMs: number;
}

const conclusions = ['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'];
const statuses = ['queued', 'in_progress', 'completed'];
const states = ['error', 'failure', 'pending', 'success'];
const summaryBytesMax = 65_535;
const statusesOfContextMax = 1_000;

export class GithubChecks {
  readonly runs: CheckRun[] = [];
  readonly #statuses: CommitStatus[] = [];
  readonly #place: Place;
  readonly #log: StatusLog;
  readonly #accounts: GithubAccounts;

  constructor(place: Place, log: StatusLog, accounts: GithubAccounts) {
    this.#place = place;
    this.#log = log;
    this.#accounts = accounts;
  }

  create(repository: ModelRepository, body: JsonObject): HostAnswer {
    const sha = String(body['head_sha']);
    if (!repository.commits.has(sha)) return unprocessable(`No commit found for SHA: ${sha}`);
    const problem = problemOf(body, true);
    if (problem !== undefined) return unprocessable(problem);
    const run: CheckRun = {
      id: this.#place.model.nextId(),
      repository,
      sha,
      name: '',
      externalId: '',
      detailsUrl: undefined,
      status: 'queued',
      conclusion: undefined,
      startedAt: timeOf(this.#place.model.clock.now()),
      completedAt: undefined,
      title: undefined,
      summary: undefined,
      annotations: [],
      updatedAtMs: this.#place.model.clock.now(),
    };
    this.runs.push(run);
    this.#change(run, body);
    return { status: 201, json: this.document(run) };
  }

  update(repository: ModelRepository, id: number, body: JsonObject): HostAnswer {
    const run = this.runs.find((each) => each.id === id && each.repository === repository);
    if (run === undefined) return { status: 404, json: { message: 'Not Found' } };
    const problem = problemOf(body, false);
    if (problem !== undefined) return unprocessable(problem);
    this.#change(run, body);
    return { status: 200, json: this.document(run) };
  }

  /** Newest first; `latest` = the newest of each name only. */
  list(repository: ModelRepository, sha: string, query: URLSearchParams): readonly CheckRun[] {
    const appId = query.get('app_id');
    const name = query.get('check_name');
    const found = this.runs.filter(
      (run) =>
        run.repository === repository &&
        run.sha === sha &&
        (name === null || run.name === name) &&
        (appId === null || appId === String(this.#accounts.applicationId)),
    );
    const newestFirst = found.toReversed();
    if (query.get('filter') === 'all') return newestFirst;
    return newestFirst.filter((run, index) => newestFirst.findIndex((other) => other.name === run.name) === index);
  }

  document(run: CheckRun): JsonObject {
    const { repository, annotations } = run;
    const url = `${apiUrlOf(this.#place, repository)}/check-runs/${run.id}`;
    const web = `${this.#place.web}/${repository.fullName}/runs/${run.id}`;
    return {
      id: run.id,
      node_id: nodeId('CheckRun', run.id),
      head_sha: run.sha,
      external_id: run.externalId,
      url,
      html_url: web,
      details_url: run.detailsUrl ?? web,
      status: run.status,
      conclusion: run.conclusion ?? null,
      started_at: run.startedAt ?? null,
      completed_at: run.completedAt ?? null,
      output: {
        title: run.title ?? null,
        summary: run.summary ?? null,
        text: null,
        annotations_count: annotations.length,
        annotations_url: `${url}/annotations`,
      },
      name: run.name,
      check_suite: { id: this.suiteId(repository, run.sha) },
      app: this.application(),
      pull_requests: this.pullsOf(repository, run.sha),
    };
  }

  /** One suite of our App for each commit. */
  suiteId(repository: ModelRepository, sha: string): number {
    return repository.id * 100_000 + (Number.parseInt(sha.slice(0, 4), 16) % 100_000);
  }

  /** The App as documents show it. */
  application(): JsonObject {
    const { applicationId, slug } = this.#accounts;
    return {
      id: applicationId,
      slug,
      node_id: nodeId('App', applicationId),
      client_id: 'Iv1.0000000000000000',
      owner: userOf(this.#place, 'penstock-owner'),
      name: 'Penstock',
      description: null,
      external_url: 'https://penstock.example',
      html_url: `${this.#place.web}/apps/${slug}`,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      permissions: { checks: 'write', contents: 'read', metadata: 'read' },
      events: ['push', 'pull_request'],
    };
  }

  /** Open pull requests with that head, as checks name them. */
  pullsOf(repository: ModelRepository, sha: string): readonly JsonObject[] {
    const open = [...repository.pulls.values()].filter(
      (pull) => pull.state === 'open' && repository.headSha(pull) === sha,
    );
    const side = (of: ModelRepository, ref: string, at: string): JsonObject => ({
      ref,
      sha: at,
      repo: { id: of.id, url: apiUrlOf(this.#place, of), name: of.name },
    });
    return open
      .filter((pull) => pull.head.repository === repository)
      .map((pull) => ({
        id: pull.id,
        number: pull.number,
        url: `${apiUrlOf(this.#place, repository)}/pulls/${pull.number}`,
        head: side(pull.head.repository, pull.head.branch, sha),
        base: side(repository, pull.baseBranch, repository.baseSha(pull)),
      }));
  }

  postStatus(repository: ModelRepository, sha: string, body: JsonObject, creator: string): HostAnswer {
    const context = String(body['context'] ?? 'default');
    const description = body['description'];
    const earlier = this.#statuses.filter((status) => status.sha === sha && status.context === context);
    if (!repository.commits.has(sha)) return unprocessable(`No commit found for SHA: ${sha}`);
    if (!states.includes(String(body['state']))) return unprocessable('State is not included in the list');
    if (typeof description === 'string' && [...description].length > 140) {
      return unprocessable('Description is too long (maximum is 140 characters)');
    }
    if (earlier.length >= statusesOfContextMax) {
      return unprocessable('This SHA and context has reached the maximum number of statuses');
    }
    const status: CommitStatus = {
      id: this.#place.model.nextId(),
      repository,
      sha,
      context,
      state: String(body['state']),
      description: typeof description === 'string' ? description : null,
      targetUrl: typeof body['target_url'] === 'string' ? body['target_url'] : null,
      creator,
      atMs: this.#place.model.clock.now(),
    };
    this.#statuses.push(status);
    this.#log.record({
      project: repository.fullName,
      sha,
      context,
      state: status.state,
      description: status.description ?? '',
      url: status.targetUrl ?? '',
    });
    return { status: 201, json: { ...this.#statusDocument(status), creator: userOf(this.#place, creator) } };
  }

  /** The newest of each context. */
  combined(repository: ModelRepository, sha: string): readonly JsonObject[] {
    const newestFirst = this.#statuses
      .filter((each) => each.repository === repository && each.sha === sha)
      .toReversed();
    const newest = newestFirst.filter(
      (status, index) => newestFirst.findIndex((other) => other.context === status.context) === index,
    );
    return newest.map((status) => this.#statusDocument(status));
  }

  /** The commit's statuses taken together, around one page of them. */
  combinedDocument(repository: ModelRepository, sha: string, page: readonly JsonObject[]): JsonObject {
    const all = this.combined(repository, sha).map((status) => status['state']);
    const failed = all.some((state) => state === 'failure' || state === 'error');
    const state = failed ? 'failure' : all.length === 0 || all.includes('pending') ? 'pending' : 'success';
    const url = `${apiUrlOf(this.#place, repository)}/commits/${sha}`;
    return {
      state,
      sha,
      total_count: all.length,
      statuses: page,
      repository: repositoryOf(this.#place, repository),
      commit_url: url,
      url: `${url}/status`,
    };
  }

  #statusDocument(status: CommitStatus): JsonObject {
    const at = timeOf(status.atMs);
    return {
      id: status.id,
      node_id: nodeId('StatusContext', status.id),
      url: `${apiUrlOf(this.#place, status.repository)}/statuses/${status.sha}`,
      avatar_url: `${this.#place.web}/avatars/${status.creator}`,
      state: status.state,
      description: status.description,
      target_url: status.targetUrl,
      context: status.context,
      created_at: at,
      updated_at: at,
    };
  }

  #change(run: CheckRun, body: JsonObject): void {
    const before = lineOf(run);
    const text = (key: string): string | undefined => (typeof body[key] === 'string' ? body[key] : undefined);
    const now = timeOf(this.#place.model.clock.now());
    run.name = text('name') ?? run.name;
    run.externalId = text('external_id') ?? run.externalId;
    run.detailsUrl = text('details_url') ?? run.detailsUrl;
    run.startedAt = text('started_at') ?? run.startedAt;
    const conclusion = text('conclusion');
    if (conclusion !== undefined) {
      run.status = 'completed';
      run.conclusion = conclusion;
      run.completedAt = text('completed_at') ?? now;
    } else if (text('status') !== undefined) {
      run.status = text('status') ?? run.status;
      run.conclusion = undefined;
      run.completedAt = undefined;
    }
    const output = body['output'];
    if (isJsonObject(output)) {
      run.title = typeof output['title'] === 'string' ? output['title'] : run.title;
      run.summary = typeof output['summary'] === 'string' ? output['summary'] : run.summary;
      if (isJsonList(output['annotations'])) run.annotations.push(...output['annotations'].filter(isJsonObject));
    }
    run.updatedAtMs = this.#place.model.clock.now();
    if (lineOf(run) === before) return;
    this.#log.record({
      project: run.repository.fullName,
      sha: run.sha,
      context: run.name,
      state: run.conclusion === undefined ? run.status : `${run.status}/${run.conclusion}`,
      description: run.title ?? '',
      url: run.detailsUrl ?? '',
      externalId: run.externalId,
    });
  }
}

/** What people see of a check. */
function lineOf({ name, status, conclusion, title, detailsUrl, externalId }: CheckRun): string {
  return JSON.stringify([name, status, conclusion, title, detailsUrl, externalId]);
}

function problemOf(body: JsonObject, isNew: boolean): string | undefined {
  const { name, status, conclusion, output } = body;
  if (isNew && (typeof name !== 'string' || name === '')) return 'Name is required';
  if (status !== undefined && !statuses.includes(String(status))) return 'Status is not included in the list';
  if (conclusion !== undefined && !conclusions.includes(String(conclusion)))
    return 'Conclusion is not included in the list';
  if (status === 'completed' && conclusion === undefined) return 'Conclusion is required when status is completed';
  if (!isJsonObject(output)) return undefined;
  if (typeof output['summary'] !== 'string') return 'Summary is required';
  if (Buffer.byteLength(output['summary']) > summaryBytesMax) return 'Summary exceeds a maximum bytesize of 65535';
  const annotations = isJsonList(output['annotations']) ? output['annotations'].filter(isJsonObject) : [];
  if (annotations.length > 50) return 'Only 50 annotations are allowed';
  const isWrong = (each: JsonObject): boolean => each['path'] === '' || !(Number(each['start_line']) > 0);
  return annotations.some(isWrong) ? 'Annotations are invalid' : undefined;
}

function unprocessable(message: string): HostAnswer {
  return { status: 422, json: { message, documentation_url: 'https://docs.github.com/rest' } };
}
