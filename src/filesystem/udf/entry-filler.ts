// Turns a loaded file entry into the entry of a directory that the index takes.
import { decodePath } from '../../base/path-text.js';
import { MODE_TYPE } from '../contract/file-tree.js';
import type { DirectoryEntry, Timestamp } from '../contract/file-tree.js';
import { walkExtendedAttributes } from './extended-attributes.js';
import type { AttributeVisitor } from './extended-attributes.js';
import type { Icb } from './icb-reader.js';
import type { UdfFindings } from './udf-findings.js';

const BLOCK_FACTOR = 2 ** 32;
/** Bytes of all attributes of one file; the longest value that Linux shows (XATTR_SIZE_MAX). */
const MAX_ATTRIBUTE_BYTES = 1_048_576;
export const MAX_VALUE_BYTES = 65_536;
/** Longest name of an attribute (XATTR_NAME_MAX). */
const MAX_ATTRIBUTE_NAME = 255;

/** The token that readDirectory takes: where the directory's ICB is. */
export function locatorOf(block: number, partition: number): number {
  return partition * BLOCK_FACTOR + block;
}

export function addressOf(locator: number): { block: number; partition: number } {
  return { block: locator % BLOCK_FACTOR, partition: Math.floor(locator / BLOCK_FACTOR) };
}

export class EntryFiller implements AttributeVisitor {
  readonly #findings: UdfFindings;
  readonly #imageSize: number;
  #attributes: [string, Uint8Array][] = [];
  #attributeBytes = 0;
  #major = 0;
  #minor = 0;

  /** `imageSize`: bytes of the image. */
  constructor(findings: UdfFindings, imageSize: number) {
    this.#findings = findings;
    this.#imageSize = imageSize;
  }

  /**
   * Fills everything but name and locator of directories; attributes that have been visited since `reset` are
   * taken.
   */
  fill(icb: Icb, entry: DirectoryEntry): void {
    const { entry: from, extents } = icb;
    entry.mode = from.mode;
    // No file with a name has none; deleted ones whose name is still there have.
    entry.links = Math.max(1, from.links);
    entry.userId = from.userId;
    entry.groupId = from.groupId;
    entry.inode = icb.position;
    copyTime(from.accessed, entry.accessed);
    copyTime(from.modified, entry.modified);
    copyTime(from.changed, entry.changed);
    this.takeAttributes(entry);
    switch (entry.mode & MODE_TYPE.mask) {
      case MODE_TYPE.regular:
        this.#placeData(icb, entry);
        break;
      case MODE_TYPE.directory:
        entry.size = Math.min(from.size, extents.size);
        break;
      case MODE_TYPE.block:
      case MODE_TYPE.character:
        entry.deviceMajor = this.#major;
        entry.deviceMinor = this.#minor;
        break;
    }
  }

  #placeData(icb: Icb, entry: DirectoryEntry): void {
    const { entry: from, extents } = icb;
    const { size } = from;
    const isTrusted = Number.isSafeInteger(size) && icb.fault === undefined && !extents.isCut;
    if (isTrusted && size > Math.ceil(extents.size / icb.tailUnit) * icb.tailUnit) {
      this.#findings.sizeMismatch(nameOf(entry), icb.position, size, extents.size);
    }
    if (icb.fault !== undefined) this.#findings.brokenChain(nameOf(entry), icb.position, icb.fault);
    if (extents.isCut) this.#findings.brokenChain(nameOf(entry), icb.position, 'there are too many');
    if (extents.isOutside) this.#findings.fileBeyondEnd(nameOf(entry), icb.position, size);
    entry.size = Number.isSafeInteger(size) ? size : extents.size;
    // What a broken chain does not say is not zeros: such bytes are placed where there are none, so reading them fails.
    if (isTrusted) extents.fit(entry.size, icb.tailUnit, undefined);
    else extents.fit(entry.size, 1, this.#imageSize);
    if (extents.length === 0) return;
    const start = extents.offset(0);
    if (extents.length === 1 && start !== undefined) entry.locator = start;
    else entry.extents = extents;
  }

  /** Gives the entry the attributes visited since `reset`. */
  takeAttributes(entry: DirectoryEntry): void {
    if (this.#attributes.length > 0) entry.attributes = this.#attributes;
  }

  /** Forgets the attributes of the file before. */
  reset(): void {
    if (this.#attributes.length > 0) this.#attributes = [];
    this.#attributeBytes = this.#major = this.#minor = 0;
  }

  /** Takes the attributes that stand in the entry itself. */
  visitOwn(icb: Icb): void {
    const { attributesOffset, attributesLength } = icb.entry;
    if (attributesLength > 0) walkExtendedAttributes(icb.cursor, attributesOffset, attributesLength, this);
  }

  device(major: number, minor: number): void {
    this.#major = major;
    this.#minor = minor;
  }

  attribute(name: string, value: Uint8Array): void {
    const isShown = value.length <= MAX_VALUE_BYTES && Buffer.byteLength(name) <= MAX_ATTRIBUTE_NAME;
    const isNew = this.#attributes.every(([other]) => other !== name);
    if (!isShown || !isNew || this.#attributeBytes + value.length > MAX_ATTRIBUTE_BYTES) return;
    this.#attributeBytes += value.length;
    this.#attributes.push([name, value.slice()]);
  }
}

/** Name of an entry, for findings. */
export function nameOf(entry: DirectoryEntry): string {
  return decodePath(entry.name.subarray(0, entry.nameLength));
}

function copyTime(from: Timestamp, to: Timestamp): void {
  to.seconds = from.seconds;
  to.microseconds = from.microseconds;
}
