import type { GitEvent } from '../git-event.ts';
import type { Normalised } from '../webhook-format.ts';
import type { PayloadReader } from '../webhook-payload.ts';
import { readOrigin } from './webhook-parts.ts';

/** `check_run`: somebody pressed "Re-run" at one check of ours. */
export function checkRunEvent(reader: PayloadReader): Normalised {
  const refused = refusalOf(reader);
  if (refused !== undefined) return refused;
  const check = reader.object('check_run');
  const suite = check.optionalObject('check_suite');
  const id = String(check.number('id'));
  const externalId = check.optionalText('external_id');
  // The press has no number. The second one comes after the check ended once more, and its suite changed.
  const occurrence = `check ${id}|${check.optionalText('completed_at') ?? ''}|${suite?.optionalText('updated_at') ?? ''}`;
  return withRerun(reader, check, occurrence, {
    scope: 'check',
    checkId: id,
    context: check.text('name'),
    ...(externalId ? { externalId } : {}),
    ...branchOf(suite ?? check),
  });
}

/** `check_suite`: somebody pressed "Re-run all checks". */
export function checkSuiteEvent(reader: PayloadReader): Normalised {
  const refused = refusalOf(reader);
  if (refused !== undefined) return refused;
  const suite = reader.object('check_suite');
  const occurrence = `suite ${suite.number('id')}|${suite.optionalText('updated_at') ?? ''}`;
  return withRerun(reader, suite, occurrence, { scope: 'suite', ...branchOf(suite) });
}

function refusalOf(reader: PayloadReader): Normalised | undefined {
  const action = reader.text('action');
  return action === 'rerequested' ? undefined : { ok: false, ignored: `nothing starts with a check that is ${action}` };
}

function branchOf(suite: PayloadReader): { readonly branch?: string } {
  const branch = suite.optionalText('head_branch');
  return branch ? { branch } : {};
}

function withRerun(
  reader: PayloadReader,
  subject: PayloadReader,
  occurrence: string,
  rerun: Omit<NonNullable<GitEvent['rerun']>, 'pullRequestNumbers'>,
): Normalised {
  const origin = readOrigin(reader);
  const event: GitEvent = {
    ...origin,
    trigger: 'rerun',
    eventType: rerun.scope === 'check' ? 'check_run' : 'check_suite',
    action: 'rerequested',
    occurrence,
    revision: { sha: subject.sha('head_sha') },
    rerun: { ...rerun, pullRequestNumbers: numbersIn(subject, origin.project.id) },
  };
  return { ok: true, events: [event] };
}

/** The same commit may be the head of pull requests of other repositories, too: of forks. */
function numbersIn(subject: PayloadReader, projectId: string | undefined): readonly number[] {
  const own = subject.objects('pull_requests').filter((pull) => {
    const base = pull.optionalObject('base')?.optionalObject('repo')?.optionalNumber('id');
    return base === undefined || projectId === undefined || String(base) === projectId;
  });
  return own.map((pull) => pull.number('number'));
}
