import { UserError } from '../../base/errors.ts';
import type { ApiClient } from '../../client/api-client.ts';
import { applicationHostKey, applicationSecretName } from '../../forge/access/access-of.ts';
import type { CliEnvironment } from '../environment.ts';
import { answer, secretOf } from './answers.ts';
import { currentValue } from './find-place.ts';
import { type WantedObject, wantedSecrets, webhookKeyDefault } from './setup-objects.ts';

const idKey = 'github-application-id';
const privateKeyKey = 'github-private-key';

const hostDefault = 'github.com';

/** Whether the server has a GitHub App of the host of `url`. */
export async function hasApplication(client: ApiClient, systemNamespace: string, url: string): Promise<boolean> {
  const read = (key: string): Promise<string | undefined> =>
    currentValue(client, systemNamespace, { name: applicationSecretName, key });
  if ((await read(idKey)) === undefined) return false;
  return ((await read(applicationHostKey)) ?? hostDefault) === new URL(url).host;
}

/** The Secret of the GitHub App that options speak of; none when they speak of no App. */
export async function applicationObjects({
  command,
  environment,
  client,
  systemNamespace,
  url,
}: {
  readonly command: {
    readonly host: string;
    readonly appId?: string;
    readonly privateKey?: string;
    readonly yes: boolean;
  };
  readonly environment: CliEnvironment;
  readonly client: ApiClient;
  readonly systemNamespace: string;
  /** Of the repository: the App is one of its host, and goes to no other. */
  readonly url: string;
}): Promise<readonly WantedObject[]> {
  const { appId, privateKey, yes } = command;
  if (appId === undefined && privateKey === undefined) return [];
  const asking = { yes, environment };
  const id = await answer(appId, { flag: '--app-id', text: 'Number of the GitHub App' }, asking);
  const file = await answer(privateKey, { flag: '--private-key', text: 'File with its private key' }, asking);
  const key = await secretOf(file, environment);
  checkApplication(id, key);
  const place = { name: applicationSecretName, key: webhookKeyDefault };
  const webhook = (await currentValue(client, systemNamespace, place)) ?? environment.newSecret();
  const { host } = new URL(url);
  return wantedSecrets(systemNamespace, [
    host === hostDefault ? undefined : { ...place, key: applicationHostKey, value: host },
    { ...place, key: idKey, value: id },
    { ...place, key: privateKeyKey, value: `${key}\n` },
    { ...place, value: webhook },
  ]);
}

function checkApplication(id: string, key: string): void {
  if (!/^[1-9]\d{0,14}$/.test(id)) {
    throw new UserError(`--app-id ${id} is not the number of an App`, {
      code: 'SETUP_SECRET',
      remedy: 'it stands on the page of the App as App ID',
    });
  }
  if (/^-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(key)) return;
  throw new UserError('--private-key holds no private key in PEM', {
    code: 'SETUP_SECRET',
    remedy: 'give the file that GitHub made for the App, as it is',
  });
}
