/** The templates of the Helm chart: the same objects, with what can be chosen left to the chart's values. */
import type { JsonObject } from '../base/json.ts';
import { writeYaml, writeYamlDocuments } from '../yaml/write-yaml.ts';
import { newRepositoryAccess } from './access.ts';
import { crdObjects } from './custom-resources.ts';
import { installParts } from './installation.ts';
import type { InstallOptions } from './install-options.ts';
import { logObjects } from './log-objects.ts';
import { bucketSecretName, folders, writtenHeader } from './names.ts';
import { dashboardText } from './dashboard.ts';
import { serviceMonitorObject } from './monitoring.ts';
import { ingressObject, serviceObjects } from './workload.ts';

/** Stand for what the values say, in objects that no option can make by chance. */
const placeholders = { namespace: 'helm-release-namespace', image: 'helm-image:values', replicas: 9 } as const;
const tlsSecretPlaceholder = 'helm-hooks-tls';
const keepsLogsCondition = 'or .Values.logs.bucket .Values.logs.claim';
const ingressPlaceholders = {
  host: 'helm-ingress.host',
  className: 'helm-ingress-class',
  tlsSecret: 'helm-ingress-tls',
  annotations: { 'helm-ingress': 'annotations' },
} as const;
const hooksFromPlaceholder = [{ helm: 'hooks-from' }] as const;

const dashboardFile = 'files/dashboard.json';

/** The generated files of the chart, by their path in it. Chart.yaml and the values are written by hand. */
export function chartFiles(options: InstallOptions): ReadonlyMap<string, string> {
  const marked: InstallOptions = { ...options, ...placeholders, hooksFrom: hooksFromPlaceholder };
  const files = new Map<string, string>();
  for (const name of ['access', 'network-policy', 'deployment', 'webhooks']) {
    files.set(`templates/${name}.yaml`, writtenHeader + eitherEngine(name, marked));
  }
  const withTls = { ...marked, hooksTlsSecret: tlsSecretPlaceholder };
  const services = eitherWay('.Values.hooksTlsSecret', valued(serviceObjects(withTls)), valued(serviceObjects(marked)));
  files.set('templates/services.yaml', writtenHeader + services);
  files.set('templates/logs.yaml', writtenHeader + onlyIf(keepsLogsCondition, valued(logObjects(marked))));
  const ingress = eitherWay(
    '.Values.hooksTlsSecret',
    ingressTemplate(ingressObject(withTls, ingressPlaceholders)),
    ingressTemplate(ingressObject(marked, ingressPlaceholders)),
  );
  files.set('templates/ingress.yaml', writtenHeader + onlyIf('.Values.ingress.host', ingress));
  files.set(
    'templates/service-monitor.yaml',
    writtenHeader + onlyIf('.Values.serviceMonitor', valued([serviceMonitorObject(marked)])),
  );
  files.set(
    'templates/new-repositories.yaml',
    writtenHeader + onlyIf('.Values.newRepositories', valued(newRepositoryAccess(marked))),
  );
  files.set('templates/dashboard.yaml', writtenHeader + onlyIf('.Values.dashboard', dashboardTemplate(marked)));
  files.set(dashboardFile, dashboardText());
  for (const [owner, condition] of [
    ['penstock', '.Values.crds.penstock'],
    ['tekton', '.Values.crds.tekton'],
    ['pipelines-as-code', '.Values.crds.pipelinesAsCode'],
  ] as const) {
    // As a file, so that Helm takes nothing in the descriptions for a template.
    const file = `files/crds-${owner}.yaml`;
    files.set(file, writeYamlDocuments(crdObjects(owner, options).map(kept)));
    files.set(`templates/crds-${owner}.yaml`, writtenHeader + onlyIf(condition, `{{ .Files.Get "${file}" }}\n`));
  }
  return files;
}

/** Removing a release must not remove everybody's runs. */
function kept(crd: JsonObject): JsonObject {
  const metadata = { ...(crd['metadata'] as JsonObject), annotations: { 'helm.sh/resource-policy': 'keep' } };
  return { ...crd, metadata };
}

/** A part as it is for either engine; once where that makes no difference. */
function eitherEngine(name: string, options: InstallOptions): string {
  const [ours = '', tektons = ''] = (['penstock', 'tekton'] as const).map((engine) =>
    valued(installParts({ ...options, engine }).find((part) => part.name === name)?.objects ?? []).replace(
      `--engine=${engine}`,
      '--engine={{ .Values.engine }}',
    ),
  );
  if (ours === tektons) return ours;
  return eitherWay('eq .Values.engine "tekton"', tektons, ours);
}

function eitherWay(condition: string, yes: string, no: string): string {
  return `{{- if ${condition} }}\n${yes}{{- else }}\n${no}{{- end }}\n`;
}

function onlyIf(condition: string, template: string, indent = ''): string {
  return `${indent}{{- if ${condition} }}\n${template}${indent}{{- end }}\n`;
}

/** The text of objects, with values where placeholders stood. */
function valued(objects: readonly JsonObject[]): string {
  return writeYamlDocuments(objects)
    .replaceAll(placeholders.namespace, '{{ .Release.Namespace | quote }}')
    .replaceAll(`image: ${placeholders.image}`, 'image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"')
    .replaceAll(`replicas: ${placeholders.replicas}`, 'replicas: {{ .Values.replicas }}')
    .replaceAll(/^( +)resources:\n\1  requests:\n(?:\1  .*\n)+/gm, (_text, indent: string) =>
      fromValues('resources', 'resources', indent),
    )
    .replaceAll(/^( +)from:\n +- helm: hooks-from\n/gm, (_text, indent: string) =>
      optional('from', 'hooksFrom', indent),
    )
    .replaceAll(/^( +)- --hooks-port=.*\n/gm, (line, indent: string) => line + chosenArguments(indent))
    .replaceAll(/^( +)env:\n/gm, (line, indent: string) => bucketKeys(indent) + line)
    .replaceAll(/^( +)- name: scratch\n +(mountPath|emptyDir):.*\n(?: +sizeLimit: .*\n)?/gm, chosenVolumes)
    .replaceAll(/^( +)enableServiceLinks: false\n/gm, (line, indent: string) => line + placement(indent));
}

/** An Ingress in which all but its host may be missing. */
function ingressTemplate(object: JsonObject): string {
  const { host, className, tlsSecret } = ingressPlaceholders;
  const quoted = (member: string): string => `{{ .Values.ingress.${member} | quote }}`;
  return valued([object])
    .replaceAll(host, quoted('host'))
    .replace(className, quoted('className'))
    .replace(tlsSecret, quoted('tlsSecret'))
    .replace(/^ +annotations:\n +helm-ingress: .*\n/m, optional('annotations', 'ingress.annotations', '  '))
    .replace(/^ +ingressClassName: .*\n/m, (text) => onlyIf('.Values.ingress.className', text, '  '))
    .replace(/^  tls:\n(?: {4}.*\n)+/m, (text) => onlyIf('.Values.ingress.tlsSecret', text, '  '));
}

/** A member whose whole content comes from the values. */
function fromValues(member: string, value: string, indent: string): string {
  return `${indent}${member}:\n${indent}  {{- toYaml .Values.${value} | nindent ${indent.length + 2} }}\n`;
}

/** The same, left out where the values have nothing. */
function optional(member: string, value: string, indent: string): string {
  return onlyIf(`.Values.${value}`, fromValues(member, value, indent), indent);
}

function chosenArguments(indent: string): string {
  return [
    onlyIf('.Values.hooksTlsSecret', `${indent}- --hooks-tls=${folders.hooksTls}\n`, indent),
    onlyIf('.Values.logs.bucket', `${indent}- "--logs={{ .Values.logs.bucket }}"\n`, indent),
    onlyIf('.Values.logs.claim', `${indent}- --logs=${folders.logs}\n`, indent),
  ].join('');
}

function bucketKeys(indent: string): string {
  const secretRef = [`${indent}    name: ${bucketSecretName}\n`, `${indent}    optional: true\n`]
    .map((line) => `    ${line}`)
    .join('');
  return onlyIf('.Values.logs.bucket', `${indent}envFrom:\n${indent}  - secretRef:\n${secretRef}`, indent);
}

/** What is mounted beside the folder for short-lived files: the list of volumes, and that of mounts. */
function chosenVolumes(first: string, indent: string, member: string): string {
  const volumes = [
    ['logs', '.Values.logs.claim', 'persistentVolumeClaim', 'claimName', `mountPath: ${folders.logs}`],
    ['hooks-tls', '.Values.hooksTlsSecret', 'secret', 'secretName', `mountPath: ${folders.hooksTls}`],
  ] as const;
  const more = volumes.map(([name, value, kind, reference, mount]) => {
    const source = `${indent}  ${kind}:\n${indent}    ${reference}: {{ ${value} | quote }}\n`;
    const readOnly = name === 'hooks-tls' ? `${indent}  readOnly: true\n` : '';
    const content = member === 'mountPath' ? `${indent}  ${mount}\n${readOnly}` : source;
    return onlyIf(value, `${indent}- name: ${name}\n${content}`, indent);
  });
  return first + more.join('');
}

function placement(indent: string): string {
  return ['nodeSelector', 'tolerations', 'affinity', 'imagePullSecrets']
    .map((name) => optional(name, name, indent))
    .join('');
}

function dashboardTemplate(options: InstallOptions): string {
  const [object] = installParts(options).find(({ name }) => name === 'dashboard')?.objects ?? [];
  const text = writeYaml({ ...object, data: undefined }).replaceAll(
    placeholders.namespace,
    '{{ .Release.Namespace | quote }}',
  );
  return `${text}data:\n  penstock.json: |\n    {{- .Files.Get "${dashboardFile}" | nindent 4 }}\n`;
}
