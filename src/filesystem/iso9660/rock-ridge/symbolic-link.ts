// SL: symbolic links (RRIP 1.12 4.1.3). A target is a list of components, spread over as many fields as it takes.
import type { ByteCursor } from '../../../base/byte-cursor.js';

/** Component flags. */
const COMPONENT = { continued: 1, current: 2, parent: 4, root: 8 } as const;
const FIELD_CONTINUED = 1;
const SLASH = 0x2f;
const DOT = 0x2e;
/** Bytes of a target kept; the index takes fewer and reports the rest. */
const CAPACITY = 8192;

export class SymbolicLinkTarget {
  readonly #bytes = new Uint8Array(CAPACITY);
  #length = 0;
  #present = false;

  clear(): void {
    this.#length = 0;
    this.#present = false;
  }

  /** True once a field was seen. */
  get present(): boolean {
    return this.#present;
  }

  /** A copy of the target. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Adds the components of one field. */
  addField(cursor: ByteCursor, at: number, length: number): void {
    this.#present = true;
    if (length < 5) return;
    const fieldFlags = cursor.u8(at + 4);
    const end = at + length;
    for (let next = at + 5; next + 2 <= end;) {
      const flags = cursor.u8(next);
      const size = Math.min(cursor.u8(next + 1), end - next - 2);
      this.#addComponent(cursor, next + 2, size, flags & ~COMPONENT.continued);
      next += 2 + size;
      const isLast = next + 2 > end;
      const ends = isLast && (fieldFlags & FIELD_CONTINUED) === 0;
      const joins = (flags & (COMPONENT.continued | COMPONENT.root)) !== 0;
      if (!ends && !joins) this.#push(SLASH);
    }
  }

  #addComponent(cursor: ByteCursor, at: number, size: number, kind: number): void {
    if (kind === COMPONENT.root) this.#push(SLASH);
    else if (kind === COMPONENT.current) this.#push(DOT);
    else if (kind === COMPONENT.parent) {
      this.#push(DOT);
      this.#push(DOT);
    } else for (let i = 0; i < size; i += 1) this.#push(cursor.u8(at + i));
  }

  #push(byte: number): void {
    if (this.#length >= CAPACITY) return;
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }
}
