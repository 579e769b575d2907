import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gitAuthData } from './git-auth-secret.ts';

/** Longest a call of git may take, in milliseconds. */
const gitMs = 60_000;

/** What git finds for an address when the Secret's files are in its home. */
function filled(data: Readonly<Record<string, string>>, address: string): string {
  const home = mkdtempSync(join(tmpdir(), 'penstock-git-auth-'));
  try {
    for (const [file, content] of Object.entries(data)) writeFileSync(join(home, file), Buffer.from(content, 'base64'));
    const { protocol, host, pathname } = new URL(address);
    const input = `protocol=${protocol.slice(0, -1)}\nhost=${host}\npath=${pathname.slice(1)}\n\n`;
    const env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: home,
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
    };
    const { stdout } = spawnSync('git', ['credential', 'fill'], { input, env, encoding: 'utf8', timeout: gitMs });
    return stdout;
  } finally {
    rmSync(home, { recursive: true });
  }
}

describe('the Secret for cloning', () => {
  const project = { url: 'https://git.example.org:8443/team/app', owner: 'team', name: 'app' };
  const data = gitAuthData(project, { username: 'oauth2', token: 'a+b/c@d' });

  it('serves the repository, and its submodules at the same host', () => {
    for (const path of ['team/app', 'team/app.git', 'team/submodule.git', 'other/library']) {
      assert.match(filled(data, `https://git.example.org:8443/${path}`), /username=oauth2\npassword=a\+b\/c@d\n/, path);
    }
  });

  it('serves no other host, port or scheme', () => {
    for (const place of ['https://git.example.org', 'http://git.example.org:8443', 'https://evil.example:8443']) {
      assert.doesNotMatch(filled(data, `${place}/team/app`), /password=/, place);
    }
  });
});
