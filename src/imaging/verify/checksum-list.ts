// Files of checksums in the forms that programs and publishers write: md5sum and its like, BSD, OpenSSL, PowerShell's
// Get-FileHash, .sfv, Gentoo's DIGESTS, and digests that stand alone. Pure.
import type { Algorithm } from '../hash/digests.js';
import { findKind, possibleAlgorithms } from './digest-kinds.js';
import { decodeList, signedPart } from './list-text.js';

/** Bytes of a list: a hundred thousand files need less. */
export const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Lines of a list that are looked at. */
export const MAX_LIST_LINES = 1_000_000;
/** Characters of a line: a digest, and the longest path with every byte escaped. */
const MAX_LINE = 10_000;

/** Characters of a line that says what follows. */
const MAX_HEADING = 80;

export interface ListedDigest {
  /** As written, bytes; undefined for a digest that stands alone. */
  readonly name: Uint8Array | undefined;
  /** Lower-case hexadecimal. */
  readonly digest: string;
  /** What it can be, the likeliest first; several where nobody says it, none where it cannot be computed here. */
  readonly algorithms: readonly Algorithm[];
  /** The kind, where the list says it. */
  readonly kind: string | undefined;
  /** The line is in a form that prose may have by chance. */
  readonly isLoose: boolean;
}

const GNU_LINE = /^(\\?)(?:([A-Za-z][\w-]*):)?([0-9a-fA-F]{8,128})(?: [ *]|[ \t]+\*?)(.+)$/;
const BSD_LINE = /^(\\?)([A-Za-z][\w/-]*)[ \t]?\((.+)\)[ \t]*=[ \t]*([0-9a-zA-Z+/]{8,128}={0,2})$/;
const LONE_LINE = /^(?:([A-Za-z][\w-]*)(?:[ \t]*[:=][ \t]*|[ \t]+))?([0-9a-fA-F]{8,128})$/;
const TABLE_LINE = /^([A-Za-z][\w-]*)[ \t]+([0-9a-fA-F]{8,128})[ \t]+(.+)$/;
const LAST_WORD = /^(?:([A-Za-z][\w-]*):)?([0-9a-fA-F]{8,128})$/;
/** "# SHA512 HASH" of Gentoo, "## SHA-256 checksums:", "[md5]". */
const HEADING =
  /^[#;[* \t=-]*([A-Za-z][\w-]*?)[ \t]*(?:hash(?:es)?|(?:check)?sums?|digests?)?[\]*: \t=#-]*$/i;
/** Format-List of Get-FileHash. */
const PROPERTY = /^(Algorithm|Hash|Path)[ \t]*:[ \t]*(.*)$/;
const HEXADECIMAL = /^[0-9a-fA-F]+$/;

/**
 * Digests of a list; `word`: the kind that the list's own name says, if any. A word in the line comes first, then the
 * last heading, then the name. What is no line of a list is passed over.
 */
export function parseChecksumList(bytes: Uint8Array, word?: string): ListedDigest[] {
  const reader = new ListReader(word);
  for (const line of signedPart(decodeList(bytes)).split('\n', MAX_LIST_LINES)) {
    if (line.length <= MAX_LINE) reader.take(line.replace(/\r$/, '').replace(/^[ \t]+/, ''));
  }
  return reader.found;
}

class ListReader {
  readonly found: ListedDigest[] = [];
  readonly #word: string | undefined;
  #heading: string | undefined;
  /** Of the record of Get-FileHash that is being read. */
  #record: { word?: string; digest?: string } = {};

  constructor(word: string | undefined) {
    this.#word = word;
  }

  take(line: string): void {
    if (this.#takeProperty(line)) return;
    const isTaken =
      this.#takeBsd(line) ||
      this.#takeLone(line) ||
      this.#takeTable(line) ||
      this.#takeGnu(line) ||
      this.#takeReversed(line);
    if (isTaken) return;
    const [, heading] = line.length > MAX_HEADING ? [] : (HEADING.exec(line) ?? []);
    if (heading !== undefined) this.#heading = heading;
  }

  #takeProperty(line: string): boolean {
    const [, property, value = ''] = PROPERTY.exec(line) ?? [];
    if (property === undefined) return false;
    if (property === 'Algorithm') this.#record = { word: value.trim() };
    else if (property === 'Hash') this.#record.digest = value.trim();
    else if (this.#record.digest !== undefined) {
      this.#add(value.trim(), this.#record.digest, this.#record.word, true);
      this.#record = {};
    }
    return true;
  }

  #takeBsd(line: string): boolean {
    const [, escaped, word, name = '', digest = ''] = BSD_LINE.exec(line) ?? [];
    if (word === undefined) return false;
    const hexadecimal = HEXADECIMAL.test(digest) ? digest : Buffer.from(digest, 'base64').toString('hex');
    this.#add(unescape(name, escaped), hexadecimal, word, false);
    // Whatever came of it, the line is nothing else.
    return true;
  }

  #takeLone(line: string): boolean {
    const [, word, digest] = LONE_LINE.exec(line) ?? [];
    if (digest === undefined) return false;
    if (word !== undefined && findKind(word, digest.length) === undefined) return false;
    return this.#add(undefined, digest, word, false);
  }

  #takeTable(line: string): boolean {
    const [, word, digest = '', name = ''] = TABLE_LINE.exec(line) ?? [];
    if (word === undefined || findKind(word, digest.length) === undefined) return false;
    // A narrow console has cut the path.
    return this.#add(name.endsWith('...') ? undefined : name.trimEnd(), digest, word, true);
  }

  #takeGnu(line: string): boolean {
    const [, escaped, word, digest, name = ''] = GNU_LINE.exec(line) ?? [];
    return digest !== undefined && this.#add(unescape(name, escaped), digest, word, false);
  }

  /** "name HEX", "name: HEX", "name = HEX", and .sfv. */
  #takeReversed(line: string): boolean {
    const text = line.trimEnd();
    const at = Math.max(...[' ', '\t', '='].map((separator) => text.lastIndexOf(separator)));
    const [, word, digest] = LAST_WORD.exec(text.slice(at + 1).replace(/^\*/, '')) ?? [];
    if (at <= 0 || digest === undefined) return false;
    const name = text.slice(0, at).trimEnd().replace(/[:=]$/, '').trimEnd();
    return name !== '' && !name.startsWith(';') && this.#add(name, digest, word, true);
  }

  /** False when it is no digest of any kind. */
  #add(name: string | undefined, digest: string, said: string | undefined, isLoose: boolean): boolean {
    const words = [said, this.#heading, this.#word].filter((word) => word !== undefined);
    const kinds = words.map((word) => findKind(word, digest.length));
    const kind = kinds.find((one) => one !== undefined);
    if (said !== undefined && kinds[0] === undefined) return false;
    const algorithms =
      kind === undefined
        ? possibleAlgorithms(digest.length)
        : kind.algorithm === undefined
          ? []
          : [kind.algorithm];
    if (kind === undefined && algorithms.length === 0) return false;
    this.found.push({
      name: name === undefined ? undefined : Buffer.from(name, 'latin1'),
      digest: digest.toLowerCase(),
      algorithms,
      kind: kind?.name,
      isLoose,
    });
    return true;
  }
}

/** coreutils writes a backslash before the line of a name that has a backslash or an end of line in it. */
function unescape(name: string, escaped: string | undefined): string {
  if (escaped !== '\\') return name;
  return name.replaceAll(/\\([\\nr])/g, (_, letter: string) =>
    letter === 'n' ? '\n' : letter === 'r' ? '\r' : '\\',
  );
}

/** A line as coreutils' -c takes it: its default form for one algorithm, the tagged one where there are several. */
export function formatChecksumLine(
  name: string,
  algorithm: Algorithm,
  digest: string,
  tagged: boolean,
): string {
  const isOdd = /[\\\n\r]/.test(name);
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  const mark = isOdd ? '\\' : '';
  if (!tagged) return `${mark}${digest}  ${escaped}`;
  const tag = algorithm === 'blake2b' ? 'BLAKE2b' : algorithm.toUpperCase();
  return `${mark}${tag} (${escaped}) = ${digest}`;
}
