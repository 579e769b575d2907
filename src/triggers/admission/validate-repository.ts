import { ExpressionError } from '../../cel/expression-error.ts';
import { ExpressionEnvironment } from '../../cel/expression.ts';
import type {
  CustomParam,
  IncomingHook,
  Repository,
  Schedule,
  SecretKeyReference,
} from '../../forge/kinds/repository.ts';
import { isSameRepository, urlProblem } from '../../forge/repository-url.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import { keyOf, keyText } from '../../kube/object.ts';
import { compileRefPattern } from '../matching/branches.ts';
import { CronError, cronTimes } from '../schedules/cron.ts';

/** What a Repository is judged by besides itself. */
export interface RepositoryRules {
  readonly systemNamespace: string;
  /** All Repositories, as a cache knows them. */
  readonly others: readonly Repository[];
  /** Tells when nothing will ever be due. */
  readonly nowMs: number;
}

/** What is wrong with a Repository beyond its schema: a path and a sentence for each fault. */
export function validateRepository(repository: Repository, rules: RepositoryRules): readonly StatusCause[] {
  const { git_provider: provider, incoming = [], params = [], schedules = [] } = repository.spec ?? {};
  return [
    ...urlCauses(repository, rules),
    ...secretCauses('spec.git_provider.secret', provider?.secret),
    ...secretCauses('spec.git_provider.webhook_secret', provider?.webhook_secret),
    ...incoming.flatMap((hook, index) => incomingCauses(`spec.incoming[${index}]`, hook)),
    ...params.flatMap((param, index) => paramCauses(`spec.params[${index}]`, param)),
    ...schedules.flatMap((schedule, index) => scheduleCauses(`spec.schedules[${index}]`, schedule, rules.nowMs)),
  ];
}

function invalid(field: string, message: string): StatusCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${message}` };
}

function required(field: string, message: string): StatusCause {
  return { reason: 'FieldValueRequired', field, message: `Required value: ${message}` };
}

function urlCauses(repository: Repository, { systemNamespace, others }: RepositoryRules): readonly StatusCause[] {
  const { url = '', git_provider: provider } = repository.spec ?? {};
  // The one in Penstock's own namespace gives defaults to all others, and stands for no repository.
  if (url === '') {
    const shared = repository.metadata.namespace === systemNamespace;
    return shared
      ? []
      : [required('spec.url', 'the web address of the repository, such as https://github.com/owner/name')];
  }
  const problem = urlProblem(url, provider?.type === 'git');
  if (problem !== undefined) return [invalid('spec.url', `"${url}" ${problem}`)];
  const twin = others.find((other) => isOther(repository, other) && isSameRepository(other.spec?.url ?? '', url));
  if (twin === undefined) return [];
  const message = `Duplicate value: "${url}" is the Repository ${keyText(keyOf(twin))} already; an event can belong to one only`;
  return [{ reason: 'FieldValueDuplicate', field: 'spec.url', message }];
}

function isOther(repository: Repository, other: Repository): boolean {
  return keyText(keyOf(repository)) !== keyText(keyOf(other));
}

function secretCauses(field: string, reference: SecretKeyReference | undefined): readonly StatusCause[] {
  if (reference === undefined) return [];
  return [
    ...(reference.name === ''
      ? [required(`${field}.name`, 'the name of a Secret in the namespace of the Repository')]
      : []),
    ...(reference.key === '' ? [invalid(`${field}.key`, '"": leave it out for the usual key')] : []),
  ];
}

function incomingCauses(field: string, { secret, targets = [], params = [] }: IncomingHook): readonly StatusCause[] {
  const named: SecretKeyReference | undefined = secret;
  return [
    ...(named === undefined
      ? [required(`${field}.secret`, 'who calls must know a secret')]
      : secretCauses(`${field}.secret`, named)),
    ...targets.flatMap((target, index) => targetCauses(`${field}.targets[${index}]`, target)),
    ...params.flatMap((param, index) =>
      param === '' ? [invalid(`${field}.params[${index}]`, '"": write a name')] : [],
    ),
  ];
}

function targetCauses(field: string, target: string): readonly StatusCause[] {
  if (target === '') return [invalid(field, '"": write a branch or a pattern such as release-*')];
  const pattern = compileRefPattern(target);
  return pattern.ok ? [] : [invalid(field, pattern.message)];
}

function paramCauses(field: string, { name, secret_ref: secret, filter }: CustomParam): readonly StatusCause[] {
  return [
    ...filterCauses(`${field}.filter`, filter),
    ...(name === '' ? [required(`${field}.name`, 'templates use it as {{ name }}')] : []),
    ...secretCauses(`${field}.secret_ref`, secret),
  ];
}

/** Whether a filter can be read at all. What it may speak of is known only when there is an event. */
function filterCauses(field: string, filter = ''): readonly StatusCause[] {
  if (filter === '') return [];
  try {
    new ExpressionEnvironment({ variables: {} }).compile(filter);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown;
    return thrown.code === 'CEL_TYPE' ? [] : [invalid(field, thrown.message)];
  }
}

function scheduleCauses(field: string, { cron, timeZone, branch }: Schedule, nowMs: number): readonly StatusCause[] {
  const causes = branch?.startsWith('refs/')
    ? [invalid(`${field}.branch`, `"${branch}": write the branch without refs/heads/`)]
    : [];
  try {
    if (cronTimes(cron, timeZone).next(nowMs) !== undefined) return causes;
    return [...causes, invalid(`${field}.cron`, `"${cron}": there is no such day in any year`)];
  } catch (thrown) {
    if (!(thrown instanceof CronError)) throw thrown;
    return [
      ...causes,
      invalid(`${field}.${thrown.part}`, `"${thrown.part === 'cron' ? cron : (timeZone ?? '')}": ${thrown.message}`),
    ];
  }
}
