import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { systemClock } from '../../base/system-clock.ts';
import { systemRandom } from '../../base/system-random.ts';
import type { DoctorQuestion, Finding } from '../../cli/doctor/finding.ts';
import type { Connection } from '../../cli/environment.ts';
import { findSystemNamespace } from '../../cli/system-namespace.ts';
import { type ReadSecret, webhookSecretOf } from '../../forge/access/access-of.ts';
import { createGitForge } from '../../forge/git/git-forge.ts';
import { createGitProgram } from '../../forge/git/git-program.ts';
import { isGlobalRepository } from '../../forge/access/global-repository.ts';
import type { Repository } from '../../forge/kinds/repository.ts';
import { type OpenForges, openForges } from '../../forge/open-forges.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { createFetch } from '../../net/outgoing-fetch.ts';
import { silentLogger } from '../../telemetry/logger.ts';
import { secretReader } from '../../triggers/secret-reader.ts';
import { connect } from '../connect.ts';
import type { ProcessEnvironment } from '../environment.ts';
import { gitSurroundings } from '../git-surroundings.ts';
import { checkDeliveries, checkSchedules, checkStatuses } from './check-history.ts';
import { checkHook } from './check-hook.ts';
import { checkRepository } from './check-repository.ts';
import { checkServer, listRepositories } from './check-server.ts';
import { Examination } from './examination.ts';

/** Longest a call that is only to show whether somebody is there may take, in milliseconds. */
const knockMsMax = 5_000;
/** Longest a check waits because a host asks for quiet, in milliseconds. */
const waitMsMax = 5_000;

type Tell = (finding: Finding) => void;

/** `penstock doctor`: looks at a server and its Repositories from this machine, and changes nothing. */
export async function examine(question: DoctorQuestion, tell: Tell, environment: ProcessEnvironment): Promise<void> {
  using connection = await connect(question.server, environment);
  const { hooksUrl } = connection;
  using fetch = createFetch({
    clock: systemClock,
    callMsMax: knockMsMax,
    allowedHosts: hooksUrl === undefined ? [] : [new URL(hooksUrl).host],
  });
  const server = new Examination('server', tell);
  const known = await listRepositories(connection, server);
  if (known === undefined) return;
  const systemNamespace = await findSystemNamespace(connection.client, question.systemNamespace);
  await checkServer(connection, systemNamespace, fetch, server);
  const chosen = chooseRepositories(known, question.repository, systemNamespace);
  const folder = mkdtempSync(join(tmpdir(), 'penstock-doctor-'));
  try {
    using forges = forgesHere(folder, environment);
    for (const repository of chosen) await examineOne({ repository, known, systemNamespace, connection, forges, tell });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function chooseRepositories(
  known: readonly Repository[],
  asked: string | undefined,
  systemNamespace: string,
): readonly Repository[] {
  const all = known.filter((one) => !isGlobalRepository(one, systemNamespace));
  if (asked === undefined) return all;
  const chosen = all.filter((one) => keyText(keyOf(one)) === asked || one.metadata.name === asked);
  if (chosen.length > 0) return chosen;
  const names = all.map((one) => keyText(keyOf(one))).join(', ');
  throw new UserError(`there is no Repository "${asked}"`, {
    code: 'REPOSITORY_UNKNOWN',
    remedy: names === '' ? 'there are none yet: `penstock setup` makes them' : `there are: ${names}`,
  });
}

function forgesHere(folder: string, environment: ProcessEnvironment): OpenForges {
  const clock = systemClock;
  const git = createGitProgram({ clock, surroundings: gitSurroundings(environment) });
  return openForges({
    clock,
    random: systemRandom,
    logger: silentLogger,
    proxy: environment.proxy,
    waitMsMax,
    git: createGitForge({ git, clock, random: systemRandom, cache: folder }),
  });
}

interface OneQuestion {
  readonly repository: Repository;
  readonly known: readonly Repository[];
  readonly systemNamespace: string;
  readonly connection: Connection;
  readonly forges: OpenForges;
  readonly tell: Tell;
}

async function examineOne({
  repository,
  known,
  systemNamespace,
  connection,
  forges,
  tell,
}: OneQuestion): Promise<void> {
  const { client, hooksUrl } = connection;
  const found = new Examination(keyText(keyOf(repository)), tell);
  const globalRepository = known.find((one) => isGlobalRepository(one, systemNamespace));
  const readSecret: ReadSecret = secretReader(client);
  const request = { ...(globalRepository ? { globalRepository } : {}), systemNamespace, readSecret };
  const sameMachine = hooksUrl !== undefined;
  await checkRepository(repository, { client, request, forges, sameMachine }, found);
  const url = repository.spec?.url ?? '';
  if (url.startsWith('file:') && sameMachine) {
    // What is wrong with it has been told.
    const secret = await webhookSecretOf({ ...request, repository }).catch(() => undefined);
    await checkHook({ url, hooksUrl, secret }, found);
  }
  await checkDeliveries(client, systemNamespace, repository, found);
  await checkStatuses(client, repository, found);
  checkSchedules(repository, systemClock.now(), found);
}
