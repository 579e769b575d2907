/** A page as plain text, for terminals. */
import type { DetailsPage } from './details-path.ts';
import type { Block, Line, Page } from './page.ts';

/** The page as text. Pages of ours are named with their whole address, where that is known. */
export function plainPage(page: Page, addressOf: (page: DetailsPage) => string | undefined): string {
  const lineText = (line: Line): string =>
    line
      .map(({ text, to }) => {
        const address = to === undefined ? undefined : typeof to === 'string' ? to : addressOf(to);
        return address === undefined || address === text ? text : `${text} <${address}>`;
      })
      .join('');
  const sections = page.sections.map(({ title, blocks }) => {
    const texts = blocks.map((block) => blockText(block, lineText));
    return [...(title === '' ? [] : [`${title}\n${'-'.repeat([...title].length)}`]), ...texts].join('\n');
  });
  return `${[`${page.title}\n${page.state}`, ...sections].join('\n\n')}\n`;
}

function blockText(block: Block, lineText: (line: Line) => string): string {
  switch (block.kind) {
    case 'facts': {
      const width = Math.max(0, ...block.rows.map(({ name }) => name.length)) + 2;
      return block.rows.map(({ name, value }) => `${`${name}:`.padEnd(width)}${lineText(value)}`).join('\n');
    }
    case 'paragraph':
      return lineText(block.line);
    case 'verbatim':
      return block.text.replaceAll(/^/gm, '    ');
    case 'table':
      return tableText([block.head, ...block.rows.map((row) => row.map(lineText))]);
  }
}

function tableText(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((text) => text.trimEnd()).join('\n');
}
