import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DetailsPage, pageAt, signatureCharacters, signedPath } from './details-path.ts';
import { contentSecurityPolicy, htmlPage } from './html-page.ts';
import { cleanPage, line, type Page, pieceCharactersMax, verbatimCharactersMax } from './page.ts';
import { plainPage } from './plain-page.ts';
import { prefersPlainText } from './preferred-form.ts';

const key = 'k'.repeat(64);

const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter((name) => name.isWellFormed());
const anyPage: fc.Arbitrary<DetailsPage> = fc.oneof(
  fc.record({ kind: fc.constant('run' as const), namespace: names, name: names }),
  fc.record({ kind: fc.constant('delivery' as const), name: names }),
);

/** Text that somebody wrote to be read as something else. */
const hostile = fc.oneof(
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</style></title></pre><iframe src=//x>',
    '&lt;b&gt;&#x3c;',
    '<!--',
    ']]>',
    'javascript:alert(1)',
    '\u202eevil\u2066',
    '\u001b]8;;http://x\u0007y\u001b[2J',
    '</ScRiPt\n>',
  ),
  fc.string({ unit: 'binary', maxLength: 80 }),
);

const hostilePage: fc.Arbitrary<Page> = fc
  .array(hostile, { minLength: 14, maxLength: 14 })
  .map((texts): Page => pageWith((index) => texts[index] ?? ''));

function pageWith(text: (index: number) => string): Page {
  return {
    title: text(0),
    state: text(1),
    tone: 'bad',
    sections: [
      {
        title: `t${text(2)}`,
        blocks: [
          {
            kind: 'facts',
            rows: [
              { name: text(3), value: line(text(4)) },
              { name: text(5), value: [{ text: text(6), to: { kind: 'run', namespace: text(7), name: text(8) } }] },
            ],
          },
          { kind: 'paragraph', line: [{ text: text(9), to: `https://git.test/${text(10)}` }] },
          { kind: 'verbatim', text: text(11) },
          { kind: 'table', head: [text(12)], rows: [[line(text(13))]] },
        ],
      },
    ],
  };
}

/** Everything a browser takes for a tag, with its attributes; addresses aside. */
function tagsOf(html: string): readonly string[] {
  return [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/ href="[^"<>]*"/, ' href'));
}

describe('the path of a page', () => {
  it('leads back to the page with its own key, and with no other one', () => {
    fc.assert(
      fc.property(anyPage, (page) => {
        const path = signedPath(key, page);
        assert.deepEqual(pageAt(key, path), { ...page });
        assert.equal(pageAt(`${key}x`, path), undefined);
        assert.match(path, new RegExp(`/[\\w-]{${signatureCharacters}}$`));
      }),
    );
  });

  it('leads nowhere when anything of it is changed', () => {
    const change = fc.record({
      at: fc.nat(),
      by: fc.constantFrom('', '/', 'A', 'b', '%41', '%', '..', '?', '\u0000', 'é'),
    });
    fc.assert(
      fc.property(anyPage, change, fc.boolean(), (page, { at, by }, replaces) => {
        const path = signedPath(key, page);
        const index = at % path.length;
        const changed = `${path.slice(0, index)}${by}${path.slice(index + (replaces ? 1 : 0))}`;
        fc.pre(changed !== path);
        assert.equal(pageAt(key, changed), undefined);
      }),
    );
  });

  it('leads nowhere when it is anything else', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (path) => pageAt(key, path) === undefined));
    fc.assert(fc.property(fc.webPath(), (path) => pageAt(key, `${path}/${'A'.repeat(22)}`) === undefined));
  });
});

describe('a page as HTML', () => {
  it('has the same tags whatever it says, and says it', () => {
    const expected = tagsOf(
      htmlPage(
        pageWith(() => 'x'),
        () => 'x',
      ),
    );
    fc.assert(
      fc.property(hostilePage, (page) => {
        const html = htmlPage(page, (to) => signedPath(key, to));
        assert.deepEqual(tagsOf(html), expected);
        const [, , words = ''] = html.split(/<\/?style>/);
        assert.doesNotMatch(words.replaceAll(/<[^<>]*>/g, ''), /[<>"']/, 'no sign of a tag outside of one');
      }),
    );
  });

  it('is allowed its own style and nothing else', () => {
    const html = htmlPage(
      pageWith(() => 'x'),
      () => 'x',
    );
    assert.match(
      contentSecurityPolicy,
      /^default-src 'none'; style-src 'sha256-[\w+/]+=*'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    assert.doesNotMatch(html, /<script|style="|<link|<img|<form/);
  });
});

describe('a page that is cleaned', () => {
  const texts = (page: Page): string => JSON.stringify(page);

  it('holds no secret, in texts nor addresses', () => {
    const page = pageWith((index) => `before hunter2-${index % 2} after`);
    const section = {
      title: '',
      blocks: [{ kind: 'paragraph', line: [{ text: 'a', to: 'https://x.test/hunter2' }] }],
    } as const;
    const clean = cleanPage({ ...page, sections: [...page.sections, section] }, (text) =>
      text.replaceAll('hunter2', '***'),
    );
    // Names of our own pages are no texts: they come out as a link that only they have.
    assert.doesNotMatch(texts(clean).replaceAll(/"to":\{[^}]*\}/g, ''), /hunter2/);
    assert.match(texts(clean), /\*\*\*/);
  });

  it('leads to web addresses only', () => {
    for (const url of [
      'javascript:alert(1)',
      'data:text/html,x',
      '//x.test',
      'https://x.test/ y',
      'file:///etc',
      'http://[',
    ]) {
      const page: Page = {
        ...pageWith(() => ''),
        sections: [{ title: '', blocks: [{ kind: 'paragraph', line: [{ text: 'a', to: url }] }] }],
      };
      assert.doesNotMatch(
        htmlPage(
          cleanPage(page, (text) => text),
          () => '',
        ),
        /<a /,
        url,
      );
    }
  });

  it('has no character that moves or hides others, and is no longer than it may be', () => {
    fc.assert(
      fc.property(hostilePage, (page) => {
        const plain = plainPage(
          cleanPage(page, (text) => text),
          () => undefined,
        );
        // oxlint-disable-next-line no-control-regex -- they are what is looked for
        assert.doesNotMatch(plain, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
    const long = cleanPage(
      pageWith(() => '😀'.repeat(verbatimCharactersMax + 1)),
      (text) => text,
    );
    assert.equal([...long.title].length, pieceCharactersMax);
    assert.ok(texts(long).isWellFormed());
  });
});

describe('the form of a page', () => {
  it('is text for who asks for text rather than for HTML', () => {
    assert.equal(prefersPlainText('text/plain'), true);
    assert.equal(prefersPlainText('text/html;q=0.5, TEXT/PLAIN;q=0.6'), true);
    assert.equal(prefersPlainText('text/plain;q=0.5, text/html'), false);
    assert.equal(prefersPlainText('text/html,application/xhtml+xml,*/*;q=0.8'), false);
    assert.equal(prefersPlainText('*/*'), false);
    assert.equal(prefersPlainText(undefined), false);
    assert.equal(prefersPlainText('text/plain;q=zero'), false);
  });
});
