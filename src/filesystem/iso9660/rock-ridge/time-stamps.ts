// TF: time stamps (RRIP 1.12 4.1.6), as many as its flags say, in the order of the flags. What TF leaves open, the
// record's own date fills.
import type { ByteCursor } from '../../../base/byte-cursor.js';
import type { DirectoryEntry } from '../../contract/file-tree.js';
import { LONG_DATE_BYTES, SHORT_DATE_BYTES, ShortDateReader, readLongDate } from '../date.js';
import { RECORD } from '../directory-record.js';

const FLAG = { creation: 1, modify: 2, access: 4, attributes: 8, longForm: 0x80 } as const;
const ALL_TIMES = FLAG.modify | FLAG.access | FLAG.attributes;

export class TimeStamps {
  // One reader for each time, because a time resembles its like in the record before.
  readonly #modified = new ShortDateReader();
  readonly #accessed = new ShortDateReader();
  readonly #changed = new ShortDateReader();
  #filled = 0;

  /** To be called before the fields of a record. */
  clear(): void {
    this.#filled = 0;
  }

  /** Fills the times that the field has room for. Several fields may add to one another. */
  addField(cursor: ByteCursor, at: number, length: number, entry: DirectoryEntry): void {
    if (length < 5) return;
    const flags = cursor.u8(at + 4);
    const width = (flags & FLAG.longForm) !== 0 ? LONG_DATE_BYTES : SHORT_DATE_BYTES;
    const end = at + length;
    let next = at + 5;
    for (let flag: number = FLAG.creation; flag <= FLAG.attributes; flag <<= 1) {
      if ((flags & flag) === 0) continue;
      if (next + width > end) return;
      // Some writers keep the attribute change time as the creation time, which POSIX does not have: it stands in.
      const time = flag === FLAG.creation ? FLAG.attributes : flag;
      if (this.#readTime(cursor, next, width, time, entry)) this.#filled |= time;
      next += width;
    }
  }

  /** To be called after the fields of a record. */
  fillRest(cursor: ByteCursor, entry: DirectoryEntry): void {
    if (this.#filled === ALL_TIMES) return;
    for (let time: number = FLAG.modify; time <= FLAG.attributes; time <<= 1) {
      if ((this.#filled & time) === 0) this.#readTime(cursor, RECORD.date, SHORT_DATE_BYTES, time, entry);
    }
  }

  /** False when there is no valid date. */
  #readTime(cursor: ByteCursor, at: number, width: number, time: number, entry: DirectoryEntry): boolean {
    if (width === LONG_DATE_BYTES) {
      const into =
        time === FLAG.modify ? entry.modified : time === FLAG.access ? entry.accessed : entry.changed;
      return readLongDate(cursor, at, into);
    }
    if (time === FLAG.modify) this.#modified.read(cursor, at, entry.modified);
    else if (time === FLAG.access) this.#accessed.read(cursor, at, entry.accessed);
    else this.#changed.read(cursor, at, entry.changed);
    return true;
  }
}
