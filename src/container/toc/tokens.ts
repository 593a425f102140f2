// The words, strings and braces of a TOC file of cdrdao, comments left out.
import type { SheetText } from '../sheet/sheet-text.js';

export interface Token {
  /** As it stands there, without quotes and escapes. */
  readonly text: string;
  readonly isString: boolean;
  /** From 1. */
  readonly line: number;
}

/** Words of 1 MiB; a sheet of 99 tracks with all texts has some 10,000. */
const MAX_TOKENS = 200_000;
const TOKEN = /"((?:[^"\\]|\\.)*)"?|([{}:,])|([^\s"{}:,]+(?::[^\s"{}:,]+)*)/g;

export function listTokens({ lines }: Pick<SheetText, 'lines'>): Token[] {
  const tokens: Token[] = [];
  for (const [i, line] of lines.entries()) {
    for (const [, string, mark, word] of line.matchAll(TOKEN)) {
      // A comment reaches to the end of its line.
      if (word?.startsWith('//') === true) break;
      const text = string === undefined ? (mark ?? word ?? '') : unescapeString(string);
      tokens.push({ text, isString: string !== undefined, line: i + 1 });
      if (tokens.length >= MAX_TOKENS) return tokens;
    }
  }
  return tokens;
}

/** \" and \\, and bytes by three octal digits. */
function unescapeString(text: string): string {
  return text.replace(/\\([0-7]{3}|.)/g, (_found, what: string) =>
    what.length === 3 ? String.fromCharCode(Number.parseInt(what, 8) & 0xff) : what,
  );
}
