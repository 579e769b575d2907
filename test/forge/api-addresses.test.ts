import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { CreateForge } from '../../src/forge/forge-parts.ts';
import type { ForgeAccess } from '../../src/forge/forge-directory.ts';
import { createGiteaForge } from '../../src/forge/gitea/gitea-forge.ts';
import { createGitlabForge } from '../../src/forge/gitlab/gitlab-forge.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

const project = { url: 'https://git.example.org/sub/path/a/b', owner: 'a', name: 'b' };

/** The address that a forge asks for a project. */
async function addressAsked(create: CreateForge, addresses: Pick<ForgeAccess, 'webUrl' | 'apiUrl'>): Promise<string> {
  const asked: string[] = [];
  const forge = create({
    access: { kind: 'gitlab', credential: { type: 'token', token: 'secret-token' }, userAgent: 'us', ...addresses },
    fetch: (input, init) => {
      const request = new Request(input, init);
      assert.equal(request.headers.get('authorization'), 'Bearer secret-token');
      assert.equal(request.headers.get('user-agent'), 'us');
      asked.push(request.url);
      return Promise.resolve(new Response('{}', { status: 404 }));
    },
    clock: new VirtualClock(),
    random: seededRandom(1),
    logger: silentLogger,
  });
  assert.equal(await forge.readProject(project), undefined);
  return asked.join(' ');
}

describe('the address of an API', () => {
  for (const [given, wanted] of [
    ['https://git.example.org', 'https://git.example.org'],
    ['https://git.example.org/', 'https://git.example.org'],
    ['https://git.example.org/sub/path', 'https://git.example.org/sub/path'],
    ['http://git.example.org:3000/sub/', 'http://git.example.org:3000/sub'],
  ] as const) {
    it(`of ${given}, with or without what the API adds`, async () => {
      for (const webUrl of [given, `${given.replace(/\/$/, '')}/api/v4`]) {
        assert.equal(await addressAsked(createGitlabForge, { webUrl }), `${wanted}/api/v4/projects/a%2Fb`);
      }
      for (const webUrl of [given, `${given.replace(/\/$/, '')}/api/v1`]) {
        assert.equal(await addressAsked(createGiteaForge, { webUrl }), `${wanted}/api/v1/repos/a/b`);
      }
    });
  }

  it('may be another than that of the web pages', async () => {
    const addresses = { webUrl: 'https://git.example.org', apiUrl: 'https://api.example.org' };
    assert.equal(await addressAsked(createGitlabForge, addresses), 'https://api.example.org/api/v4/projects/a%2Fb');
    assert.equal(await addressAsked(createGiteaForge, addresses), 'https://api.example.org/api/v1/repos/a/b');
  });
});
