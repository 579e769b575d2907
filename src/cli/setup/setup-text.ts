import type { Change } from './apply-objects.ts';
import { type HostGuide, applicationEvents, applicationPermissions } from './hosts.ts';
import type { SecretKey } from './setup-objects.ts';

/** What was done, a line for each object. */
export function changeLines(changes: readonly Change[]): string {
  return changes.map((change) => `  ${change.outcome.padEnd(9)} ${change.what}${fieldsOf(change)}\n`).join('');
}

function fieldsOf({ fields }: Change): string {
  return fields.length === 0 ? '' : `: ${fields.join(', ')}`;
}

/** What there is to enter at a host. */
export interface HostFacts {
  /** Where webhooks are to be sent. */
  readonly address: string;
  readonly secret: SecretKey;
  readonly secretNamespace: string;
  /** A GitHub App serves the repository, and no token. */
  readonly application: boolean;
}

/** The steps that are to be done at a host, which nobody can do but its user. */
export function hostSteps(guide: HostGuide, facts: HostFacts): string {
  const { application, address } = facts;
  const place = application
    ? 'Settings → Developer settings → GitHub Apps → the App; then install it for the repository'
    : guide.webhookPlace;
  return [
    '',
    `At ${guide.label}: ${place}`,
    `  address   ${address}`,
    `  secret    ${secretCommand(facts)}`,
    ...guide.webhookSettings.map((text) => `            ${text}`),
    ...listed('events', application ? applicationEvents : guide.events),
    ...(application ? listed('may', applicationPermissions) : [`  the token is ${guide.token}`]),
    ...(/^https?:\/\/(?:127\.|localhost|\[::1\])/.test(address)
      ? ['  This address is of this machine only: where the host is elsewhere, --webhook-url says how it gets here.']
      : []),
    '',
  ].join('\n');
}

/** How the webhook secret is seen by who enters it. */
export function secretCommand({ secret, secretNamespace }: Pick<HostFacts, 'secret' | 'secretNamespace'>): string {
  const key = secret.key.replaceAll('.', '\\.');
  return `kubectl -n ${secretNamespace} get secret ${secret.name} -o jsonpath='{.data.${key}}' | base64 -d`;
}

function listed(title: string, items: readonly string[]): readonly string[] {
  return items.map((item, index) => `  ${(index === 0 ? title : '').padEnd(9)} ${item}`);
}
