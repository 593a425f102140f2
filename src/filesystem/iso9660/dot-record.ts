// A directory's own "." record. Linux takes a directory's attributes from there and not from the record in its parent;
// they differ on real discs (rewritten trees, discs of several systems), and a moved directory has no other.
import { ByteCursor } from '../../base/byte-cursor.js';
import { DirectoryEntry, MODE_TYPE } from '../contract/file-tree.js';
import type { Timestamp } from '../contract/file-tree.js';
import type { ContinuationAreas } from './continuation-areas.js';
import { MIN_RECORD_BYTES, RECORD, isDotRecord } from './directory-record.js';
import type { RecordDecoder } from './record-decoder.js';

/** Longest record there can be: its length is one byte. */
const MAX_RECORD_BYTES = 255;

export class DotRecords {
  readonly #areas: ContinuationAreas;
  readonly #cursor: ByteCursor;
  readonly #dot = new DirectoryEntry();

  constructor(areas: ContinuationAreas, sourceName: string) {
    this.#areas = areas;
    this.#cursor = new ByteCursor(new Uint8Array(), sourceName, 0);
  }

  /**
   * Gives a directory's entry the attributes of the "." record at its locator, and its size too where `withSize`.
   * `unusable` leaves the entry as it is; `incomplete` asks for a fetch and another call.
   */
  adopt(
    decoder: RecordDecoder,
    entry: DirectoryEntry,
    withSize: boolean,
  ): 'adopted' | 'unusable' | 'incomplete' {
    if (!this.#areas.contains(entry.locator, MAX_RECORD_BYTES)) return 'unusable';
    const bytes = this.#areas.view(entry.locator, MAX_RECORD_BYTES);
    if (bytes === undefined) return 'incomplete';
    const cursor = this.#cursor;
    cursor.setBytes(bytes, entry.locator);
    const length = cursor.u8(RECORD.length);
    if (length < MIN_RECORD_BYTES) return 'unusable';
    cursor.moveTo(0, length);
    if (!isDotRecord(cursor)) return 'unusable';
    if (decoder.decode(cursor, this.#dot) === 'incomplete') return 'incomplete';
    this.#copyAttributes(entry);
    if (withSize) entry.size = this.#dot.size;
    return 'adopted';
  }

  #copyAttributes(entry: DirectoryEntry): void {
    const dot = this.#dot;
    entry.mode = MODE_TYPE.directory | (dot.mode & ~MODE_TYPE.mask);
    entry.links = dot.links;
    entry.userId = dot.userId;
    entry.groupId = dot.groupId;
    // Writers give a directory's extended attributes to the record in its parent, and to "." only in the root.
    entry.attributes = dot.attributes ?? entry.attributes;
    copyTime(dot.modified, entry.modified);
    copyTime(dot.accessed, entry.accessed);
    copyTime(dot.changed, entry.changed);
  }
}

function copyTime(from: Timestamp, to: Timestamp): void {
  to.seconds = from.seconds;
  to.microseconds = from.microseconds;
}
