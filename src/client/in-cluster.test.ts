import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../base/errors.ts';
import { inClusterAccess } from './in-cluster.ts';

const directory = '/var/run/secrets/kubernetes.io/serviceaccount';

function mounted(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path.replace(`${directory}/`, '')];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };
}

describe('inClusterAccess', () => {
  it('is the way of the service account, whose token is read again each time', () => {
    const files = { token: 'first\n', 'ca.crt': 'PEM\n', namespace: 'penstock\n' };
    const service = { host: '10.0.0.1', port: '443' };
    const { token, ...rest } = inClusterAccess({ service, readFile: mounted(files) });
    assert.deepEqual(rest, {
      context: 'in-cluster',
      namespace: 'penstock',
      server: 'https://10.0.0.1:443',
      certificateAuthority: 'PEM',
    });
    assert.ok(typeof token === 'function');
    assert.equal(token(), 'first');
    files.token = 'second\n';
    assert.equal(token(), 'second');
  });

  it('writes addresses of IP version 6 as URLs want them', () => {
    const readFile = mounted({ token: 't', 'ca.crt': 'c', namespace: 'n' });
    assert.equal(
      inClusterAccess({ service: { host: 'fd00::1', port: '443' }, readFile }).server,
      'https://[fd00::1]:443',
    );
  });

  it('says what is missing in a pod without its account', () => {
    const missing = (): unknown => inClusterAccess({ service: { host: 'h', port: '1' }, readFile: mounted({}) });
    assert.throws(missing, (thrown) => thrown instanceof UserError && thrown.code === 'IN_CLUSTER');
  });
});
