/** Where statuses lead to: the consoles that the settings name. */
import type { Settings } from '../../forge/kinds/settings.ts';
import type { DetailsLink } from '../details/details-path.ts';

/** What an address may say about a run. */
export interface LinkFacts {
  readonly namespace: string;
  readonly run: string;
  readonly task?: string;
  readonly pod?: string;
  readonly firstFailedStep?: string;
  /** Custom params of the Repository that have plain values. */
  readonly params: Readonly<Record<string, string>>;
  /** Leads to Penstock's own pages. */
  readonly detailsLink?: DetailsLink;
}

/** The page of a run: the operator's own console, else the Tekton dashboard, else Penstock's own; undefined without any. */
export function runLink(settings: Settings, facts: LinkFacts): string | undefined {
  const { console: own, dashboardUrl } = settings;
  const { namespace, run, detailsLink } = facts;
  if (own !== undefined) return filled(own.runUrl, facts) ?? own.url;
  if (dashboardUrl !== undefined)
    return `${dashboardUrl}/#/namespaces/${encode(namespace)}/pipelineruns/${encode(run)}`;
  return detailsLink?.({ kind: 'run', namespace, name: run });
}

/** The page of one task of a run. */
export function taskLink(settings: Settings, facts: LinkFacts): string | undefined {
  const { console: own, dashboardUrl } = settings;
  const page = runLink(settings, facts);
  if (own !== undefined) return filled(own.taskLogUrl, facts);
  return dashboardUrl === undefined ? undefined : `${page}?pipelineTask=${encode(facts.task ?? '')}`;
}

function encode(text: string): string {
  return encodeURIComponent(text);
}

/** The template with its placeholders filled; undefined when one is left, or what comes out is no address. */
function filled(template: string | undefined, facts: LinkFacts): string | undefined {
  if (template === undefined) return undefined;
  const { namespace, run, task, pod, firstFailedStep, params } = facts;
  const values: Readonly<Record<string, string | undefined>> = {
    ...params,
    namespace,
    pr: run,
    task,
    pod,
    firstFailedStep,
  };
  let complete = true;
  const url = template.replaceAll(/\{\{\s*([^{}\s]{1,100})\s*\}\}/g, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) complete = false;
    return encode(value ?? '');
  });
  return complete && /^https?:\/\//.test(url) && URL.canParse(url) ? url : undefined;
}
