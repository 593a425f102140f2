// Names of a disc, and of the machine, as text: exact where they are UTF-8, and made harmless for a terminal.

/** What moves the cursor, changes colours or reverses the line, and the separators of lines. */
const HARMFUL = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

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
  const text = decodeExactly(bytes);
  if (text === undefined) {
    return Array.from(bytes, (byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : hexEscape(byte),
    ).join('');
  }
  return text.replaceAll('\\', '\\\\').replace(HARMFUL, (found) => {
    const code = found.codePointAt(0)!;
    return code < 0x80 ? hexEscape(code) : `\\u{${code.toString(16)}}`;
  });
}

/**
 * Paths of this machine, and text around them, made as harmless. On Windows "\" separates names and is shown as it is;
 * escapes are <U+HHHH> there, since no name may hold "<" or ">" (Win32, "Naming Files, Paths, and Namespaces").
 */
export function escapeHostText(text: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return escapeForTerminal(Buffer.from(text));
  return text.replace(
    HARMFUL,
    (found) => `<U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
