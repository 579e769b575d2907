import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cutMarkdown } from './cut-markdown.ts';

const end = '[Details](https://ci.example.org/runs/a)';

describe('Markdown that is too long', () => {
  const log = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  const text = ['Step **unit** exited with code 1:', '', '````text', ...log, '````', '', end].join('\n');

  it('keeps the end of the log that it quotes, and the link', () => {
    const cut = cutMarkdown(text, 200);
    assert.match(
      cut,
      /^Step \*\*unit\*\* exited with code 1:\n\n````text\n…\nline 8\d\n[^]*line 99\n````\n\n\[Details\]\(.*\)$/,
    );
    assert.equal(cutMarkdown(text, Buffer.byteLength(text)), text);
  });

  it('keeps its beginning and the link where there is no room for the log, with no fence left open', () => {
    const table = Array.from({ length: 50 }, (_, index) => `| task ${index} | Failed |`);
    const cut = cutMarkdown([...table, '```', ...log, '```', '', end].join('\n'), 300);
    assert.match(cut, /^\| task 0 \|[^]*\| Failed \|\n…\n\n\[Details\]\(.*\)$/);
    const first = cutMarkdown(['```', ...log, '```', ...table].join('\n'), 300);
    assert.match(first, /^```\nline 0\n[^]*line \d+\n```\n…$/);
  });

  it('is never longer than it may be, and closes what it opens', () => {
    const line = fc.oneof(
      fc.constantFrom('```', '```text', '````', '', end),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.integer({ min: 100, max: 600 }), (lines, bytesMax) => {
        const given = lines.join('\n');
        const cut = cutMarkdown(given, bytesMax);
        assert.ok(Buffer.byteLength(cut) <= bytesMax, cut);
        if (cut === given) return;
        let open = 0;
        for (const [, mark = '', info = ''] of cut.matchAll(/^(`{3,})([^`\n]*)$/gm)) {
          if (open === 0) open = mark.length;
          else if (mark.length >= open && info.trim() === '') open = 0;
        }
        // What was left open by whoever wrote it is closed too, where it was cut.
        if (!cut.endsWith(given.slice(-10))) assert.equal(open, 0, cut);
      }),
    );
  });
});
