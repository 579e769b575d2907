/** What no schema says about the volumes of a pod, with the fields of the Kubernetes API. */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StatusCause } from '../../kube/api-error.ts';
import { forbiddenCause, invalidCause, requiredCause } from '../causes.ts';
import { isLocalPath, labelProblem, objectsIn } from './check-texts.ts';

/** Rights of files: nine bits. */
const modeMax = 0o777;

/** The member that names what a source reads. */
const nameOfSource: Readonly<Record<string, string>> = {
  configMap: 'name',
  secret: 'secretName',
  hostPath: 'path',
  persistentVolumeClaim: 'claimName',
};

/** What is wrong with `volume` at `path`. */
export function checkVolume(volume: JsonObject, path: string): readonly StatusCause[] {
  const name = String(volume['name'] ?? '');
  const problem = name === '' ? undefined : labelProblem(name);
  const [, ...further] = Object.keys(volume).filter((member) => member !== 'name' && isJsonObject(volume[member]));
  return [
    ...(problem === undefined ? [] : [invalidCause(`${path}.name`, name, problem)]),
    ...further.map((source) => forbiddenCause(`${path}.${source}`, 'may not specify more than 1 volume type')),
    ...Object.keys(nameOfSource).flatMap((source) => sourceCauses(source, volume[source], `${path}.${source}`)),
    ...projectedCauses(volume['projected'], `${path}.projected`),
  ];
}

function sourceCauses(source: string, value: Json | undefined, path: string): readonly StatusCause[] {
  if (!isJsonObject(value)) return [];
  const member = nameOfSource[source] ?? 'name';
  const nameless = !value[member];
  return [
    ...(nameless ? [requiredCause(`${path}.${member}`)] : []),
    ...(source === 'hostPath' ? hostPathCauses(value['path'], path) : fileCauses(value, path)),
  ];
}

function hostPathCauses(value: Json | undefined, path: string): readonly StatusCause[] {
  if (typeof value !== 'string' || !value.split('/').includes('..')) return [];
  return [invalidCause(`${path}.path`, value, "must not contain '..'")];
}

function projectedCauses(projected: Json | undefined, path: string): readonly StatusCause[] {
  if (!isJsonObject(projected)) return [];
  const sources = objectsIn(projected['sources']).flatMap((source, index) =>
    ['secret', 'configMap'].flatMap((member) => {
      const value = source[member];
      if (!isJsonObject(value)) return [];
      const at = `${path}.sources[${index}].${member}`;
      return [...(value['name'] ? [] : [requiredCause(`${at}.name`)]), ...fileCauses(value, at)];
    }),
  );
  return [...modeCauses(projected['defaultMode'], `${path}.defaultMode`), ...sources];
}

/** Which keys become which files, with which rights. */
function fileCauses(value: JsonObject, path: string): readonly StatusCause[] {
  const items = objectsIn(value['items']).flatMap((item, index) => {
    const at = `${path}.items[${index}]`;
    const file = String(item['path'] ?? '');
    const isLocal = isLocalPath(file);
    return [
      ...(isLocal ? [] : [invalidCause(`${at}.path`, file, "must be a relative path that does not contain '..'")]),
      ...modeCauses(item['mode'], `${at}.mode`),
    ];
  });
  return [...modeCauses(value['defaultMode'], `${path}.defaultMode`), ...items];
}

function modeCauses(mode: Json | undefined, field: string): readonly StatusCause[] {
  if (typeof mode !== 'number' || (mode >= 0 && mode <= modeMax)) return [];
  const why = 'must be a number between 0 and 0777 (octal), both inclusive';
  return [invalidCause(field, mode, why)];
}
