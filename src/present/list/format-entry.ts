// Listed entries as JSON records and as lines for people.
import type { NodeRecord, NodeType } from '../../index/node-record.js';
import { decodeExactly, decodeLossy, escapeForTerminal, escapeText } from '../../base/display-name.js';
import { formatIsoTime, formatLongTime } from './entry-time.js';
import type { ListedEntry } from './list-entries.js';

/** One line of `ls --json`: the fields are a contract, new ones may be added. */
export interface JsonEntry {
  /** From "/"; U+FFFD stands for bytes that are not UTF-8, and then `pathBytes` has them all. */
  readonly path: string;
  /** Base64. */
  readonly pathBytes?: string;
  readonly type: NodeType;
  /** Permission bits, four octal digits. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly nlink: number;
  /** ISO 8601, UTC. */
  readonly mtime: string;
  readonly target?: string;
  /** Base64, when the target is not UTF-8. */
  readonly targetBytes?: string;
  /** "major:minor". */
  readonly rdev?: string;
  /** Lower-case hexadecimal digests, as asked for. */
  readonly md5?: string;
  readonly sha1?: string;
  readonly sha256?: string;
  readonly sha512?: string;
  readonly blake2b?: string;
  /** Why the file cannot be read whole, or the directory not be listed. */
  readonly error?: string;
}

export function toJsonEntry(entry: ListedEntry): JsonEntry {
  const { node } = entry;
  return {
    ...textField('path', entry.path),
    type: node.type,
    mode: (node.mode & 0o7777).toString(8).padStart(4, '0'),
    uid: node.userId,
    gid: node.groupId,
    size: node.size,
    nlink: node.links,
    mtime: formatIsoTime(node.modified),
    ...(node.target === undefined ? {} : textField('target', node.target)),
    ...(node.device === undefined ? {} : { rdev: `${node.device.major}:${node.device.minor}` }),
    ...entry.digests,
    ...(entry.error === undefined ? {} : { error: entry.error.message }),
  };
}

function textField<Name extends string>(name: Name, bytes: Uint8Array): Record<Name, string> {
  const exact = decodeExactly(bytes);
  if (exact !== undefined) return { [name]: exact } as Record<Name, string>;
  return { [name]: decodeLossy(bytes), [`${name}Bytes`]: Buffer.from(bytes).toString('base64') } as Record<
    Name,
    string
  >;
}

const TYPE_LETTERS: Readonly<Record<NodeType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  block: 'b',
  char: 'c',
  fifo: 'p',
  socket: 's',
};

/** "drwxr-xr-x", as POSIX ls -l writes it (XCU ls, STDOUT). */
export function formatMode(node: NodeRecord): string {
  const triplet = (shift: number, special: number, letter: string): string => {
    const bits = (node.mode >> shift) & 7;
    const execute = (bits & 1) !== 0;
    const plain = execute ? 'x' : '-';
    const marked = execute ? letter : letter.toUpperCase();
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${(node.mode & special) === 0 ? plain : marked}`;
  };
  return `${TYPE_LETTERS[node.type]}${triplet(6, 0o4000, 's')}${triplet(3, 0o2000, 's')}${triplet(0, 0o1000, 't')}`;
}

/** One line without its end: the name, safe for a terminal. */
export function formatShortEntry(entry: ListedEntry): string {
  return escapeForTerminal(entry.shown);
}

/** One line without its end, in the columns of ls -l; names are safe for a terminal. */
export function formatLongEntry(entry: ListedEntry): string {
  const { node } = entry;
  const size = node.device === undefined ? String(node.size) : `${node.device.major}, ${node.device.minor}`;
  const owner = `${String(node.userId).padEnd(5)} ${String(node.groupId).padEnd(5)}`;
  const columns = `${formatMode(node)} ${String(node.links).padStart(3)} ${owner} ${size.padStart(12)}`;
  const digests = Object.values(entry.digests ?? {}).map((digest) => `${digest} `);
  const target = node.target === undefined ? '' : ` -> ${escapeForTerminal(node.target)}`;
  const fault = entry.error === undefined ? '' : ` [${escapeText(entry.error.message)}]`;
  return `${columns} ${formatLongTime(node.modified)} ${digests.join('')}${formatShortEntry(entry)}${target}${fault}`;
}
