// Files of checksums: what md5sum and its like write, what BSD writes, and a digest that stands alone. Pure.
import { ALGORITHMS, DIGEST_DIGITS } from '../digests.js';
import type { Algorithm } from '../digests.js';

/** Bytes of a list: a hundred thousand files need less. */
export const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Lines of a list that are looked at. */
export const MAX_LIST_LINES = 1_000_000;

export interface ListedDigest {
  /** As written; undefined for a digest that stands alone. */
  readonly name: string | undefined;
  readonly algorithm: Algorithm;
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

const GNU_LINE = /^(\\?)([0-9a-fA-F]{32,128}) [ *]?(.+)$/;
const BSD_LINE = /^(\\?)([A-Za-z0-9-]+) ?\((.+)\) ?= ?([0-9a-fA-F]{32,128})$/;
const LONE_LINE = /^[0-9a-fA-F]{32,128}$/;
const TAGS = new Map<string, Algorithm>([
  ['MD5', 'md5'],
  ['SHA1', 'sha1'],
  ['SHA256', 'sha256'],
  ['SHA512', 'sha512'],
  ['BLAKE2B', 'blake2b'],
]);
/** RFC 9580 7: the text that a clear signature is about stands between these. */
const SIGNED_START = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNED_END = '-----BEGIN PGP SIGNATURE-----';

/** Digests of a list; `listName` decides what 128 digits are. What is no line of a list is passed over. */
export function parseChecksumList(text: string, listName: string): ListedDigest[] {
  const prefersBlake = /b2|blake/i.test(listName);
  const result: ListedDigest[] = [];
  for (const raw of signedPart(text).split('\n', MAX_LIST_LINES)) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const entry = parseBsd(line) ?? parseGnu(line, prefersBlake);
    if (entry !== undefined) result.push(entry);
  }
  return result;
}

/** Whether the whole list is one clear-signed message. */
export function isClearSigned(text: string): boolean {
  return text.startsWith(SIGNED_START);
}

function signedPart(text: string): string {
  if (!isClearSigned(text)) return text;
  // A blank line ends the armor headers.
  const start = text.search(/\r?\n\r?\n/);
  const end = text.indexOf(`\n${SIGNED_END}`);
  return start < 0 || end < start ? '' : text.slice(start, end).replaceAll(/^- /gm, '');
}

function parseGnu(line: string, prefersBlake: boolean): ListedDigest | undefined {
  const lone = LONE_LINE.test(line);
  const [, escaped = '', digest = line, name] = lone ? [] : (GNU_LINE.exec(line) ?? []);
  if (!lone && name === undefined) return undefined;
  const found = ALGORITHMS.filter((algorithm) => DIGEST_DIGITS[algorithm] === digest.length);
  const algorithm = found.length > 1 && prefersBlake ? found.at(-1) : found[0];
  if (algorithm === undefined) return undefined;
  return { name: name && unescape(name, escaped), algorithm, digest: digest.toLowerCase() };
}

function parseBsd(line: string): ListedDigest | undefined {
  const [, escaped = '', tag = '', name, digest = ''] = BSD_LINE.exec(line) ?? [];
  const algorithm = TAGS.get(
    tag
      .toUpperCase()
      .replace(/^SHA-/, 'SHA')
      .replace(/^BLAKE2B-512$/, 'BLAKE2B'),
  );
  if (name === undefined || algorithm === undefined || DIGEST_DIGITS[algorithm] !== digest.length)
    return undefined;
  return { name: unescape(name, escaped), algorithm, digest: digest.toLowerCase() };
}

/** coreutils writes a backslash before the line of a name that has a backslash or an end of line in it. */
function unescape(name: string, escaped: string): string {
  if (escaped === '') return name;
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
