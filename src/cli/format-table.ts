// Columns for people, as wide as a terminal shows them. Texts are safe for a terminal.
import { escapeHostText } from '../base/display-name.js';

/** One column each, as most texts are made of. */
const ONLY_ASCII = /^[ -~]*$/;

/** Lines without their ends, headings first; none when there are no rows. Empty cells are shown as "-". */
export async function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<string[]> {
  if (rows.length === 0) return [];
  const all = [headings, ...rows.map((row) => row.map((text) => escapeHostText(text) || '-'))];
  const measure = await findMeasure(all.flat());
  const widths = headings.map((_, column) => Math.max(...all.map((row) => measure(row[column]!))));
  return all.map((row) =>
    row
      .map((text, column) => text + ' '.repeat(widths[column]! - measure(text)))
      .join('  ')
      .trimEnd(),
  );
}

/** What tells the columns of each text. The tables for other than ASCII are loaded where they are needed. */
async function findMeasure(texts: readonly string[]): Promise<(text: string) => number> {
  if (texts.every((text) => ONLY_ASCII.test(text))) return (text) => text.length;
  return (await import('string-width')).default;
}
