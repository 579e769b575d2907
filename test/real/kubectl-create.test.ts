/** What the real kubectl sends as protocol buffers: its own create commands and questions about permissions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Kubectl, noKubectl } from '../support/kubectl.ts';
import { serveApi } from '../support/served-api.ts';

const commands: readonly (readonly [string, RegExp])[] = [
  ['create namespace mine', /^namespace\/mine created/],
  ['create configmap c --from-literal=a=b --from-literal=e=', /^configmap\/c created/],
  ['get configmap c -o jsonpath={.data}', /^\{"a":"b","e":""\}$/],
  ['create secret generic s --from-literal=a=b', /^secret\/s created/],
  ['get secret s -o jsonpath={.data}{.type}', /^\{"a":"Yg=="\}Opaque$/],
  ['create serviceaccount robot', /^serviceaccount\/robot created/],
  ['auth can-i create pipelineruns', /^yes/],
  ['auth can-i --list', /^Resources .*\n\*\.\*/],
  ['auth whoami', /Username +tester/],
];

describe('kubectl create and auth', { skip: noKubectl }, () => {
  it('do what they say', async () => {
    await using served = await serveApi();
    using kubectl = new Kubectl(served.listener, served);
    for (const [line, expected] of commands) {
      const { code, stdout, stderr } = await kubectl.run(line.split(' '));
      assert.equal(code, 0, `kubectl ${line}: ${stderr}`);
      assert.match(stdout, expected, `kubectl ${line}`);
    }
  });
});
