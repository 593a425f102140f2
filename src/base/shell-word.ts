// Text as one word of a shell's command line, for hints that users paste.
import { encodePath } from './path-text.js';

/** What a terminal or a line of text would not carry unchanged. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** In quotes that nothing in it ends; bytes that cannot be shown as `$'\ooo'` (POSIX.1-2024, 2.2.4). */
export function quoteForShell(text: string): string {
  if (!UNPRINTABLE.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const bytes = Array.from(encodePath(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[\w./ -]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `$'${bytes.join('')}'`;
}
