/** The files OWNERS and OWNERS_ALIASES: who answers for a repository. */
import { isJsonList, isJsonObject, type Json } from '../../base/json.ts';

/** Most people taken from OWNERS, aliases resolved. */
const ownersMax = 10_000;

/**
 * Logins that OWNERS names as approvers or reviewers, in lower case; those of `filters[".*"]` when there are filters.
 * Names of OWNERS_ALIASES stand for their members. Arguments are parsed YAML; whatever has another shape names nobody.
 */
export function ownersOf(owners: Json | undefined, aliases: Json | undefined): ReadonlySet<string> {
  const named = namesIn(owners);
  const groups = isJsonObject(aliases) && isJsonObject(aliases['aliases']) ? aliases['aliases'] : {};
  const lowered = new Map(Object.entries(groups).map(([name, members]) => [name.toLowerCase(), textsOf(members)]));
  const people = named.flatMap((name) => lowered.get(name.toLowerCase()) ?? [name]);
  return new Set(people.slice(0, ownersMax).map((name) => name.toLowerCase()));
}

function namesIn(owners: Json | undefined): readonly string[] {
  if (!isJsonObject(owners)) return [];
  const { filters } = owners;
  const rules = isJsonObject(filters) ? filters['.*'] : owners;
  return isJsonObject(rules) ? [...textsOf(rules['approvers']), ...textsOf(rules['reviewers'])] : [];
}

function textsOf(value: Json | undefined): readonly string[] {
  return isJsonList(value) ? value.filter((item) => typeof item === 'string') : [];
}
