/**
 * Webhooks to PipelineRuns: an embedded Penstock on SQLite with all its controllers, simulated containers and a simulated Git
 * host that is asked for `.tekton` and told statuses over HTTP. Pushes are signed; some come twice, some of these under
 * another delivery id. Shows how long it takes from the 202 to the PipelineRun, and that none is lost and none doubled.
 *
 * `npm run bench:webhook -- [--rate N] [--seconds N] [--repositories N] [--host github|gitea]`. Penstock is a process of its own; the host and the
 * sender share another.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/system-clock.ts';
import type { Project } from '../../src/forge/git-event.ts';
import { startGitea } from '../support/git-hosts/gitea/simulated-gitea.ts';
import { startGithubHost } from '../support/git-hosts/github/github-host.ts';
import type { SentWebhook, SimulatedHost } from '../support/git-hosts/simulated-host.ts';
import { type MeasuredFigures, type MeasuredOptions, MeasuredPenstock } from './webhook/measured-penstock.ts';
import { OtherPenstock } from './webhook/other-penstock.ts';
import { type Traffic, sendAll } from './webhook/traffic.ts';

/** One push in so many comes twice; and one in so many of those under another id. */
const oneInTwice = 10;
const oneInRenamed = 2;
/** Pushes before the measured ones, so that what is loaded late is there. */
const warmUp = 50;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '30' },
    repositories: { type: 'string', default: '20' },
    host: { type: 'string', default: 'github' },
    penstock: { type: 'string' },
  },
});

const definition = `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  name: build
  annotations:
    pipelinesascode.tekton.dev/on-event: "[push]"
    pipelinesascode.tekton.dev/on-target-branch: "[main]"
spec:
  pipelineSpec:
    tasks:
      - name: compile
        taskSpec:
          steps:
            - name: make
              image: busybox
              script: echo "building {{ revision }} of {{ repo_url }}"
`;

if (values.penstock === undefined) await measure();
else await servePenstock(JSON.parse(values.penstock) as MeasuredOptions);

/** The other process: says its port, then figures for each number of runs to leave out that it hears, and ends with its input. */
async function servePenstock(options: MeasuredOptions): Promise<void> {
  const penstock = await MeasuredPenstock.start(options);
  process.stdout.write(`${penstock.port}\n`);
  for await (const skipped of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(penstock.figures(Number(skipped)))}\n`);
  }
  await penstock.stop();
}

async function measure(): Promise<void> {
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
  await using host = await startHost();
  const pushes = makePushes(host, rate * seconds + warmUp);
  const directory = mkdtempSync(join(tmpdir(), 'penstock-webhooks-'));
  const { credential, apiUrl } = host.access;
  await using penstock = await OtherPenstock.start(import.meta.filename, {
    directory,
    urls: pushes.projects.map(({ url }) => url),
    provider: host.kind === 'github' ? 'github' : 'gitea',
    ...(apiUrl === undefined ? {} : { apiUrl }),
    token: credential.type === 'token' ? credential.token : '',
    webhookSecret: host.webhookSecret,
  });
  const target = { port: penstock.port, path: `/hooks/${host.kind}`, aSecond: rate };
  console.log(`${rate} pushes a second for ${seconds} s to ${pushes.projects.length} repositories`);
  await sendAll(pushes.webhooks.slice(0, warmUp), target);
  const before = await penstock.settled(warmUp, 0);
  const measured = pushes.webhooks.slice(warmUp);
  const traffic = await sendAll(withCopies(measured), target);
  const after = await penstock.settled(warmUp + measured.length, warmUp);
  show(traffic, before, after, measured.length, host);
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Its hourly limit is lifted: 100 pushes a second would be 200 times what one GitHub App may ask for. */
async function startHost(): Promise<SimulatedHost> {
  if (values.host === 'gitea') return startGitea({ clock: systemClock });
  const host = await startGithubHost({ clock: systemClock, credential: 'token', compared: false });
  host.limit.remaining = 100_000_000;
  return host;
}

interface Pushes {
  readonly projects: readonly Project[];
  readonly webhooks: readonly SentWebhook[];
}

/** Each to another commit. */
function makePushes(host: SimulatedHost, count: number): Pushes {
  const projects = Array.from({ length: Number(values.repositories) }, (_, index) =>
    host.addProject('team', `app-${index}`, { '.tekton/build.yaml': definition, 'README.md': 'an app' }),
  );
  host.addUser('alice', { writes: projects });
  const webhooks = Array.from({ length: count }, (_, index) => {
    const project = projects[index % projects.length] as Project;
    host.commit(project, 'main', { 'change.txt': `change ${index}` }, { message: `change ${index}`, author: 'alice' });
    return host.webhooks.push(project, 'main', 'alice');
  });
  return { projects, webhooks };
}

/** As they come from a host that sends some of them twice, the copy a little later. */
function withCopies(webhooks: readonly SentWebhook[]): readonly SentWebhook[] {
  return webhooks.flatMap((webhook, index) => {
    const copied = webhooks[index - 3];
    const isTwice = copied !== undefined && index % oneInTwice === 0;
    return isTwice ? [webhook, index % (oneInTwice * oneInRenamed) === 0 ? renamed(copied, index) : copied] : [webhook];
  });
}

function renamed({ headers, body }: SentWebhook, index: number): SentWebhook {
  const changed = Object.entries(headers).map(([name, value]) => [
    name,
    /-delivery$/i.test(name) ? `renamed-${index}` : value,
  ]);
  return { headers: Object.fromEntries(changed) as Record<string, string>, body };
}

function show(
  traffic: Traffic,
  before: MeasuredFigures,
  after: MeasuredFigures,
  pushed: number,
  host: SimulatedHost,
): void {
  const runs = after.runs - before.runs;
  const answers = [...traffic.statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  console.log(`  sent in ${(traffic.tookMs / 1000).toFixed(1)} s; answers: ${answers}; ${traffic.again} sent again`);
  console.log(`  webhook sent to its answer:       ${quantiles(traffic.answersMs)}`);
  console.log(`  webhook accepted to PipelineRun:  ${quantiles(after.latenciesMs)}`);
  console.log(`  lost ${pushed - runs}, doubled ${after.doubled.length}, runs ended ${after.ended - before.ended}`);
  const cpuMs = (after.cpuMs - before.cpuMs) / pushed;
  const memory = (after.memoryBytes / 1024 ** 2).toFixed(0);
  console.log(
    `  ${cpuMs.toFixed(1)} ms of processor time of Penstock a push, run and statuses too; ${memory} MiB at the end`,
  );
  const calls = Object.entries(after.calls).map(([call, count]) => [call, count - (before.calls[call] ?? 0)] as const);
  showEach('calls of the API', calls, pushed);
  showEach('requests to the host', countedRequests(host.requests), pushed + warmUp);
}

/** By method and path, without what tells repositories, commits and files apart. */
function countedRequests(requests: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const request of requests) {
    const what = request.replace(/\?.*/, '').replace(/[0-9a-f]{40}|app-\d+/g, '*');
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts];
}

/** How many of each there were a push, the frequent ones by name. */
function showEach(what: string, counts: readonly (readonly [string, number])[], pushed: number): void {
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  console.log(`  ${(all / pushed).toFixed(1)} ${what} a push`);
  const frequent = counts.filter(([, count]) => count >= pushed / 20).toSorted(([, a], [, b]) => b - a);
  for (const [name, count] of frequent) console.log(`    ${(count / pushed).toFixed(2)} ${name}`);
}

function quantiles(ascending: readonly number[]): string {
  const at = (share: number): string =>
    `${(ascending[Math.ceil(ascending.length * share) - 1] ?? Number.NaN).toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`;
}
