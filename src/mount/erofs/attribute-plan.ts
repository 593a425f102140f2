// Extended attributes, ACLs among them: an entry that several nodes have is stored once, in the shared area, and the
// others stand behind their inodes.
import { countBytes } from '../../base/byte-count.js';
import type { IndexTable } from '../../index/index-table.js';
import { ATTRIBUTE_HEADER_BYTES, ROW } from '../../index/layout.js';
import { ATTRIBUTES_HEADER_BYTES, ATTRIBUTE_ENTRY_BYTES, ATTRIBUTE_PREFIXES } from './format.js';
import { unsuitable } from './unsuitable.js';

/** Attributes of one node. */
const MAX_ATTRIBUTES = 4096;
/** Shared entries that a node can name (an 8-bit count). */
const MAX_SHARED = 255;
const MAX_VALUE_BYTES = 0xffff;
const MAX_SUFFIX_BYTES = 255;
/** Bytes of a node's attributes: 16 bits count units of 4, the header being the first. */
export const MAX_NODE_BYTES = ATTRIBUTES_HEADER_BYTES + (0xffff - 1) * 4;

interface Entry {
  /** As it is stored, padded to 4 bytes. */
  readonly bytes: Uint8Array;
  uses: number;
  /** Number in the shared area: its byte offset there in units of 4. */
  shared: number;
}

export class AttributePlan {
  readonly #table: IndexTable;
  readonly #view: DataView;
  readonly #sourceName: string;
  readonly #entries = new Map<string, Entry>();
  /** The shared area. */
  shared = new Uint8Array();

  constructor(table: IndexTable, sourceName: string) {
    this.#table = table;
    const { buffer, byteOffset } = table.memory.blob;
    this.#view = new DataView(buffer, byteOffset, table.blobBytes);
    this.#sourceName = sourceName;
  }

  /** Counts a node's attributes; to be called for every node before `share`. */
  count(row: number): void {
    for (const key of this.#keys(row)) {
      const known = this.#entries.get(key);
      if (known !== undefined) known.uses += 1;
      else this.#entries.set(key, { bytes: encodeEntry(key), uses: 1, shared: -1 });
    }
  }

  /** Gives what is repeated its place in the shared area. */
  share(): void {
    const shared = [...this.#entries.values()].filter((entry) => entry.uses > 1);
    let length = 0;
    for (const entry of shared) {
      entry.shared = length / 4;
      length += entry.bytes.length;
    }
    this.shared = new Uint8Array(length);
    for (const entry of shared) this.shared.set(entry.bytes, entry.shared * 4);
  }

  /** Bytes behind the inode, 0 for a node without attributes. Only after `share`. */
  size(row: number): number {
    if (this.#table.word(row, ROW.attributes) === 0) return 0;
    return this.encode(row).length;
  }

  /** What stands behind the inode; empty for a node without attributes. */
  encode(row: number): Uint8Array {
    const entries = this.#keys(row).map((key) => this.#entries.get(key)!);
    if (entries.length === 0) return new Uint8Array();
    const shared = entries.filter((entry) => entry.shared >= 0).slice(0, MAX_SHARED);
    const own = entries.filter((entry) => !shared.includes(entry));
    const header = ATTRIBUTES_HEADER_BYTES + 4 * shared.length;
    const length = own.reduce((sum, entry) => sum + entry.bytes.length, header);
    if (length > MAX_NODE_BYTES)
      throw this.#refuse(`extended attributes of ${countBytes(length)} in one node`);
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    // The first four bytes may say which names are missing; zeros say nothing.
    bytes[4] = shared.length;
    shared.forEach((entry, i) => view.setUint32(ATTRIBUTES_HEADER_BYTES + 4 * i, entry.shared, true));
    let at = header;
    for (const entry of own) {
      bytes.set(entry.bytes, at);
      at += entry.bytes.length;
    }
    return bytes;
  }

  /** One string for each attribute that the kernel can show: prefix number, suffix length, then suffix and value. */
  #keys(row: number): string[] {
    const start = this.#table.word(row, ROW.attributes);
    const keys: string[] = [];
    if (start === 0) return keys;
    const { blob } = this.#table.memory;
    let at = start + 4;
    const count = this.#read(start);
    if (count > MAX_ATTRIBUTES) throw this.#refuse(`${count} extended attributes in one node`);
    for (let i = 0; i < count; i += 1) {
      const name = at + ATTRIBUTE_HEADER_BYTES;
      const value = name + this.#read(at);
      const end = value + this.#read(at + 4);
      if (end > this.#table.blobBytes) throw this.#refuse('extended attributes outside the index');
      const key = this.#encodeKey(latin1(blob, name, value), latin1(blob, value, end));
      if (key !== undefined) keys.push(key);
      at = end;
    }
    return keys;
  }

  #read(at: number): number {
    if (at + 4 > this.#table.blobBytes) throw this.#refuse('extended attributes outside the index');
    return this.#view.getUint32(at, true);
  }

  /** Undefined for names that Linux does not have. */
  #encodeKey(name: string, value: string): string | undefined {
    for (const [prefix, index] of ATTRIBUTE_PREFIXES) {
      const isWhole = !prefix.endsWith('.');
      if (isWhole ? name !== prefix : !name.startsWith(prefix) || name.length === prefix.length) continue;
      const suffix = name.slice(prefix.length);
      if (suffix.length > MAX_SUFFIX_BYTES || value.length > MAX_VALUE_BYTES)
        throw this.#refuse(`an extended attribute of ${countBytes(value.length)}`);
      return String.fromCharCode(index, suffix.length) + suffix + value;
    }
    return undefined;
  }

  #refuse(found: string): Error {
    return unsuitable(this.#sourceName, found);
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** Name length, prefix number, value length, suffix, value; padded to 4 bytes. */
function encodeEntry(key: string): Uint8Array {
  const body = Buffer.from(key.slice(2), 'latin1');
  const suffixLength = key.charCodeAt(1);
  const bytes = new Uint8Array((ATTRIBUTE_ENTRY_BYTES + body.length + 3) & ~3);
  bytes[0] = suffixLength;
  bytes[1] = key.charCodeAt(0);
  new DataView(bytes.buffer).setUint16(2, body.length - suffixLength, true);
  bytes.set(body, ATTRIBUTE_ENTRY_BYTES);
  return bytes;
}
