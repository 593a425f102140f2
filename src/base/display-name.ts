// Names of a disc, and of the machine, as text: exact where they are UTF-8, and made harmless for a terminal.
import { decodePath } from './path-text.js';

/**
 * What moves the cursor, changes colours or reverses the line, the separators of lines, and what path-text.ts carries
 * bytes as that are not UTF-8.
 */
const HARMFUL = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\udc80-\udcff]/gu;
const FIRST_RAW_BYTE = 0xdc80;
const LAST_RAW_BYTE = 0xdcff;

/** Text of the bytes, or undefined when they are not UTF-8. */
export function decodeExactly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text of the bytes; U+FFFD stands for what is not UTF-8. */
export function decodeLossy(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/**
 * Text that cannot move the cursor, change colours or reverse the line: control characters (C0, DEL, C1), line
 * separators, bidirectional controls and backslashes become escapes, bytes that are not UTF-8 become \xHH.
 */
export function escapeForTerminal(bytes: Uint8Array): string {
  return escapeText(decodePath(bytes));
}

/** The same of a text in which bytes that are not UTF-8 are carried as path-text.ts has it. */
export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(HARMFUL, (found) => {
    const code = found.codePointAt(0)!;
    if (code >= FIRST_RAW_BYTE && code <= LAST_RAW_BYTE) return hexEscape(code & 0xff);
    return code < 0x80 ? hexEscape(code) : `\\u{${code.toString(16)}}`;
  });
}

/** What escapeText was made of: `\\`, `\xHH` and `\u{H}` are undone, all else stays. */
export function unescapeText(text: string): string {
  return text.replace(
    /\\(?:(\\)|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})/gi,
    (found, backslash?: string, byte?: string, point?: string) => {
      if (backslash !== undefined) return backslash;
      if (byte !== undefined) return decodePath(Uint8Array.of(Number.parseInt(byte, 16)));
      const code = Number.parseInt(point ?? '', 16);
      return code <= 0x10_ffff ? String.fromCodePoint(code) : found;
    },
  );
}

/**
 * Text for people that is not read back: harmless as well, with its backslashes as they are. Twice is as good as
 * once.
 */
export function disarmText(text: string): string {
  return text.replace(HARMFUL, (found) => escapeText(found));
}

/**
 * Paths of this machine, and text around them, made as harmless. On Windows "\" separates names and is shown as it is;
 * escapes are <U+HHHH> there, since no name may hold "<" or ">" (Win32, "Naming Files, Paths, and Namespaces").
 */
export function escapeHostText(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return escapeText(text);
  return text.replace(
    HARMFUL,
    (found) => `<U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
