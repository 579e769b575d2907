/** A page as HTML: no scripts, nothing from elsewhere, and every text escaped. */
import { createHash } from 'node:crypto';
import type { DetailsPage } from './details-path.ts';
import type { Block, Line, Page, Piece } from './page.ts';

/** Where a piece that names a page of ours leads. */
export type AddressOf = (page: DetailsPage) => string;

const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1d2125; --soft: #5c6670; --rule: #d8dde2; --box: #f4f6f8; --link: #0a5bb5;
  --good: #176b3a; --bad: #b3261e; --waiting: #8a5a00; --neutral: #4a5560; }
@media (prefers-color-scheme: dark) { :root { --back: #14181c; --text: #e6eaee; --soft: #9aa5b0; --rule: #313941; --box: #1d2329;
  --link: #7db4f5; --good: #6fd08f; --bad: #ff8a80; --waiting: #f0b95a; --neutral: #aab4be; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.state { font-weight: 600; margin: .25rem 0 1rem; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .waiting { color: var(--waiting); } .neutral { color: var(--neutral); }
a { color: var(--link); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
pre { background: var(--box); border: 1px solid var(--rule); border-radius: 4px; padding: .75rem; margin: .5rem 0; font: 13px/1.45 ui-monospace, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 400; }
footer { color: var(--soft); font-size: .85rem; margin-top: 2.5rem; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
`;

/** What a browser may do with a page: show it, with this style, and nothing else. */
export const contentSecurityPolicy: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page as an HTML document. */
export function htmlPage(page: Page, addressOf: AddressOf): string {
  const sections = page.sections.map(
    ({ title, blocks }) =>
      `<section>${title === '' ? '' : `<h2>${escaped(title)}</h2>`}\n${blocks.map((block) => blockHtml(block, addressOf)).join('\n')}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${escaped(`${page.title}: ${page.state}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(page.title)}</h1>
<p class="state ${page.tone}">${escaped(page.state)}</p>
${sections.join('\n')}
<footer>Penstock</footer>
</main>
</body>
</html>
`;
}

function blockHtml(block: Block, addressOf: AddressOf): string {
  const lineHtml = (line: Line): string => line.map((piece) => pieceHtml(piece, addressOf)).join('');
  switch (block.kind) {
    case 'facts': {
      const rows = block.rows.map(({ name, value }) => `<dt>${escaped(name)}</dt><dd>${lineHtml(value)}</dd>`);
      return `<dl>${rows.join('\n')}</dl>`;
    }
    case 'paragraph':
      return `<p>${lineHtml(block.line)}</p>`;
    case 'verbatim':
      return `<pre>${escaped(block.text)}</pre>`;
    case 'table': {
      const head = block.head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('');
      const rows = block.rows.map((row) => `<tr>${row.map((cell) => `<td>${lineHtml(cell)}</td>`).join('')}</tr>`);
      return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
    }
  }
}

function pieceHtml({ text, to }: Piece, addressOf: AddressOf): string {
  if (to === undefined) return escaped(text);
  const href = typeof to === 'string' ? to : addressOf(to);
  return `<a href="${escaped(href)}" rel="noreferrer noopener nofollow">${escaped(text)}</a>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that nothing reads as anything else, between tags and inside of quotes. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
