import { errorText } from '../base/errors.ts';
import type { StatusCause } from '../kube/api-error.ts';
import { labelSelectorFromObject } from '../kube/selectors.ts';
import { isTimeZone } from './time-window.ts';
import type { Gate } from './types.ts';

/** What is wrong with a gate beyond its schema (which refuses negative limits and unknown orders). */
export function validateGate({ spec }: Gate): readonly StatusCause[] {
  return [
    ...limitCauses(spec),
    ...namespaceCauses(spec),
    ...selectorCauses(spec),
    ...windowCauses(spec),
    ...weightCauses(spec),
    ...adaptiveCauses(spec),
  ];
}

function invalid(field: string, message: string): StatusCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${message}` };
}

function limitCauses({ maxRunning, paused }: Gate['spec']): readonly StatusCause[] {
  if (maxRunning !== 0 || paused) return [];
  return [invalid('spec.maxRunning', '0: no run could ever start; to stop the gate for a while set spec.paused')];
}

function namespaceCauses({ namespaces }: Gate['spec']): readonly StatusCause[] {
  if (namespaces?.length !== 0) return [];
  return [invalid('spec.namespaces', '[]: the gate would govern nothing; leave it out to govern every namespace')];
}

function selectorCauses({ selector }: Gate['spec']): readonly StatusCause[] {
  try {
    labelSelectorFromObject(selector ?? {});
    return [];
  } catch (thrown) {
    return [invalid('spec.selector', errorText(thrown))];
  }
}

function windowCauses({ windows }: Gate['spec']): readonly StatusCause[] {
  if (windows === undefined) return [];
  if (windows.length === 0)
    return [invalid('spec.windows', '[]: the gate would never open; leave it out to keep it open')];
  return windows.flatMap(({ timeZone, days }, index) => [
    ...(timeZone === undefined || isTimeZone(timeZone)
      ? []
      : [invalid(`spec.windows[${index}].timeZone`, `"${timeZone}": no such time zone`)]),
    ...(days?.length === 0 ? [invalid(`spec.windows[${index}].days`, '[]: leave it out to open every day')] : []),
  ]);
}

function weightCauses({ weights, order }: Gate['spec']): readonly StatusCause[] {
  if (!weights || order === 'FairShare') return [];
  return [invalid('spec.weights', `weights mean something with order FairShare only, not with ${order ?? 'Priority'}`)];
}

function adaptiveCauses({ adaptive, maxRunning }: Gate['spec']): readonly StatusCause[] {
  const least = adaptive?.minRunning;
  if (least === undefined || maxRunning === undefined || least <= maxRunning) return [];
  return [invalid('spec.adaptive.minRunning', `${least}: must not exceed spec.maxRunning, ${maxRunning}`)];
}
