// Names of a disc as names on Windows (Win32, "Naming Files, Paths, and Namespaces"): what it cannot have, or would
// take for something else, such as a stream of a file, a device, or a way out of the directory.
import { readdirSync } from 'node:fs';
import { win32 } from 'node:path';
import { IsodriveError } from '../../base/error.js';
import { decodeExactly } from '../../base/display-name.js';

const SEPARATES_OR_MATCHES = /[\u0000-\u001f<>:"/\\|?*]/u;
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9\u00b9\u00b2\u00b3]) *(?:\.|$)/iu;

/** The name as text. Throws `unsupported` for one that Windows cannot have. */
export function toWindowsName(name: Uint8Array): string {
  const text = decodeExactly(name);
  if (text === undefined) throw refuse('bytes that are not UTF-8', 'characters');
  const [character] = SEPARATES_OR_MATCHES.exec(text) ?? [];
  if (character !== undefined) throw refuse(JSON.stringify(character), 'none of < > : " / \\ | ? *');
  if (/[. ]$/u.test(text)) throw refuse('a dot or a space at its end', 'another last character');
  if (DEVICE.test(text)) throw refuse('the name of a device', 'another');
  return text;
}

function refuse(found: string, expected: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Left out: Windows cannot have such a name: found ${found}, expected ${expected}`,
    { action: 'Write it under another name: isodrive cat IMAGE PATH > FILE' },
  );
}

/** The names written into one directory, of which Windows takes those that differ in case for one. */
export class WindowsNames {
  /** As the system compares them -> as written. */
  readonly #written = new Map<string, string>();

  /** Throws `unsupported` where a name that differs in case only was added before. */
  add(text: string): void {
    const key = fold(text);
    const other = this.#written.get(key) ?? text;
    if (other !== text) {
      throw new IsodriveError(
        'unsupported',
        `Left out: Windows takes its name for "${other}", which was written, expected names that differ by more than case`,
        { action: 'Extract it alone, into another directory' },
      );
    }
    this.#written.set(key, text);
  }
}

/** NTFS compares character by character: upper-case forms of several characters do not count. */
function fold(text: string): string {
  return Array.from(text, (character) => {
    const upper = character.toUpperCase();
    return upper.length === character.length ? upper : character;
  }).join('');
}

/**
 * Throws `busy` where the path, at which something stands, is the second, short name that the file system has given
 * to a file by itself (such as "LONGNA~1.TXT"): what is removed there would be another file.
 */
export function refuseShortName(path: string): void {
  const { dir, base } = win32.parse(path);
  if (!base.includes('~')) return;
  const key = fold(base);
  if (readdirSync(dir).some((name) => fold(name) === key)) return;
  throw new IsodriveError(
    'busy',
    'Left out: its name is the short name of another file in the target, expected a name of its own',
    { action: 'Extract it alone, into another directory' },
  );
}
