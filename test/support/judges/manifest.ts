// Manifests of the corpus: one line a file, as an independent reader shows the tree of an image. This is their parser
// and the comparer that every presenter is measured with. Paths stay in their escaped form, which is canonical.

/** `?` is an entry that the reader listed but could not look at. */
export type ManifestType = 'f' | 'd' | 'l' | 'c' | 'b' | 'p' | 's' | '?';

export interface ManifestEntry {
  readonly type: ManifestType;
  /** Permission bits. */
  readonly mode: number;
  readonly userId: number;
  readonly groupId: number;
  /** Bytes. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  readonly links: number;
  /** From "/", escaped as escapeBytes does. */
  readonly path: string;
  /** Symlinks: target, escaped like a path. */
  readonly target?: string;
  /** Devices: "MAJOR,MINOR". */
  readonly device?: string;
  /** Files: hexadecimal hash of the content; absent when it was not or could not be read. */
  readonly sha256?: string;
  /** Whatever else the last column says, such as "read-error:EIO@2048". */
  readonly fault?: string;
}

export interface Manifest {
  readonly entries: readonly ManifestEntry[];
  /** Errno name when the reader refused the image. */
  readonly mountError: string | undefined;
  /** Paths that the reader listed more than once, as escaped as any; which one it looked at is not known. */
  readonly duplicates: readonly string[];
  /** False when the reader hung or failed in the middle: the entries are then no expectation. */
  readonly complete: boolean;
}

export interface CompareOptions {
  /** Compare mode and owner of everything, and links of files: only discs with Rock Ridge have them. */
  readonly attributes: boolean;
  /** Compare content hashes (default true); false when `actual` was not hashed. */
  readonly content?: boolean;
}

const TYPES = 'fdlcbps?';
const FIELDS = 9;

/** Bytes below 0x20, from 0x7f on, and "\" as \xHH. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

/** Bytes of an escaped path or target. */
export function unescapeBytes(text: string): Uint8Array {
  const binary = text.replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(binary, 'latin1');
}

/** Parses the text of a manifest. Throws on a line that is none. */
export function parseManifest(text: string): Manifest {
  const entries: ManifestEntry[] = [];
  const duplicates: string[] = [];
  let mountError: string | undefined;
  let complete = true;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const fields = line.split('\t');
    if (fields[0] === '#mount-error') mountError = fields[1] ?? 'unknown';
    else if (fields[0] === '#duplicate-name') duplicates.push(fields[1]!.replace(/^\/\//, '/'));
    else if (fields[0] === '#oracle' || fields[0] === 'TIMEOUT') complete = false;
    else if (!line.startsWith('#')) entries.push(parseLine(fields, line));
  }
  return { entries, mountError, duplicates, complete };
}

function parseLine(fields: readonly string[], line: string): ManifestEntry {
  const [type, mode, userId, groupId, size, modified, links, path, extra] = fields;
  if (fields.length < FIELDS || type?.length !== 1 || !TYPES.includes(type) || path === undefined) {
    throw new Error(`No line of a manifest: ${JSON.stringify(line)}`);
  }
  return {
    type: type as ManifestType,
    mode: Number.parseInt(mode!, 8),
    userId: Number(userId),
    groupId: Number(groupId),
    size: Number(size),
    modified: Number(modified),
    links: Number(links),
    path,
    ...parseExtra(extra!),
  };
}

function parseExtra(extra: string): Pick<ManifestEntry, 'target' | 'device' | 'sha256' | 'fault'> {
  if (extra.startsWith('-> ')) return { target: extra.slice(3) };
  if (extra.startsWith('sha256:')) return { sha256: extra.slice(7) };
  if (extra.startsWith('rdev:')) return { device: extra.slice(5) };
  return extra === '-' ? {} : { fault: extra };
}

/**
 * One sentence a difference; empty when `actual` shows what `expected` says. Left out of the comparison: links and
 * sizes of directories, and entries that the reader of the manifest could not look at itself.
 */
export function compareEntries(
  expected: Iterable<ManifestEntry>,
  actual: Iterable<ManifestEntry>,
  options: CompareOptions,
): string[] {
  const found = new Map<string, ManifestEntry>();
  const differences: string[] = [];
  for (const entry of actual) {
    if (found.has(entry.path)) differences.push(`${entry.path}: stands twice`);
    found.set(entry.path, entry);
  }
  for (const entry of expected) {
    const other = found.get(entry.path);
    found.delete(entry.path);
    if (entry.type === '?') continue;
    if (other === undefined) differences.push(`${entry.path}: missing`);
    else differences.push(...compareEntry(entry, other, options));
  }
  for (const path of found.keys()) differences.push(`${path}: not expected`);
  return differences;
}

function compareEntry(expected: ManifestEntry, actual: ManifestEntry, options: CompareOptions): string[] {
  if (expected.type !== actual.type) {
    return [`${expected.path}: type is ${actual.type}, expected ${expected.type}`];
  }
  const keys: (keyof ManifestEntry)[] = ['modified', 'target', 'device'];
  const isDirectory = expected.type === 'd';
  if (!isDirectory) keys.push('size');
  if (options.attributes) keys.push('mode', 'userId', 'groupId');
  if (options.attributes && !isDirectory) keys.push('links');
  if (options.content !== false && expected.sha256 !== undefined) keys.push('sha256');
  return keys
    .filter((key) => expected[key] !== actual[key])
    .map(
      (key) => `${expected.path}: ${key} is ${describe(key, actual)}, expected ${describe(key, expected)}`,
    );
}

function describe(key: keyof ManifestEntry, entry: ManifestEntry): string {
  if (key === 'mode') return entry.mode.toString(8).padStart(4, '0');
  return String(entry[key] ?? entry.fault);
}
