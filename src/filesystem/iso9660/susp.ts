// The System Use Sharing Protocol (SUSP 1.12, IEEE P1281): walks the fields of a System Use area and of the
// continuation areas that it names. What the fields mean is up to the visitor (Rock Ridge).
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import type { ContinuationAreas } from './continuation-areas.js';

/** Continuation areas of one record (Linux allows as many); a longer chain is a loop. */
export const MAX_CONTINUATIONS = 32;
/** Bytes of one continuation area. */
export const MAX_CONTINUATION_BYTES = 32_768;
/** SUSP 4: every field has a signature, a length and a version. */
export const FIELD_HEADER_BYTES = 4;

/** Field signatures as big-endian numbers. */
export const SUSP_FIELD = {
  /** 5.1 Continuation Area. */
  CE: 0x4345,
  /** 5.2 Padding. */
  PD: 0x5044,
  /** 5.3 Sharing Protocol Indicator. */
  SP: 0x5350,
  /** 5.4 Terminator. */
  ST: 0x5354,
  /** 5.5 Extensions Reference. */
  ER: 0x4552,
} as const;

export interface FieldVisitor {
  /** Takes one field of `length` bytes (header included) at `offset`, which lies inside the cursor's window. */
  visitField(signature: number, cursor: ByteCursor, offset: number, length: number): void;
}

/** `incomplete`: a continuation area has to be fetched, then the record is to be parsed again from its start. */
export type WalkResult = 'complete' | 'incomplete' | 'damaged';

export class SystemUseWalker {
  readonly #areas: ContinuationAreas;
  readonly #blockSize: number;
  readonly #continuation: ByteCursor;
  #nextPosition = 0;
  #nextLength = 0;
  /** What was wrong and where, after `damaged`. */
  fault = '';
  faultOffset = 0;

  constructor(areas: ContinuationAreas, sourceName: string, blockSize: number) {
    this.#areas = areas;
    this.#blockSize = blockSize;
    this.#continuation = new ByteCursor(new Uint8Array(), sourceName, 0);
  }

  /** Walks the fields from `offset` to the end of the cursor's window, and on through continuation areas. */
  walk(cursor: ByteCursor, offset: number, visitor: FieldVisitor): WalkResult {
    this.#nextLength = 0;
    if (!this.#walkArea(cursor, offset, visitor)) return 'damaged';
    if (this.#nextLength === 0) return 'complete';
    return this.#walkContinuations(visitor);
  }

  #walkContinuations(visitor: FieldVisitor): WalkResult {
    for (let areas = 0; this.#nextLength > 0; areas += 1) {
      const position = this.#nextPosition;
      const length = this.#nextLength;
      if (areas >= MAX_CONTINUATIONS) {
        return this.#damage(position, `chain of continuation areas is longer than ${MAX_CONTINUATIONS}`);
      }
      if (length > MAX_CONTINUATION_BYTES || !this.#areas.contains(position, length)) {
        return this.#damage(
          position,
          `continuation area of ${countBytes(length)} lies outside of the image or is too long`,
        );
      }
      const bytes = this.#areas.view(position, length);
      if (bytes === undefined) return 'incomplete';
      this.#continuation.setBytes(bytes, position);
      this.#nextLength = 0;
      if (!this.#walkArea(this.#continuation, 0, visitor)) return 'damaged';
    }
    return 'complete';
  }

  /** False when a field's length is impossible: what follows cannot be found then. */
  #walkArea(cursor: ByteCursor, offset: number, visitor: FieldVisitor): boolean {
    const end = cursor.length;
    for (let at = offset; at + FIELD_HEADER_BYTES <= end;) {
      const signature = cursor.u16be(at);
      // Writers pad areas with zeros, which no field starts with.
      if (signature === 0 || signature === SUSP_FIELD.ST) return true;
      const length = cursor.u8(at + 2);
      if (length < FIELD_HEADER_BYTES || at + length > end) {
        this.#damage(cursor.offsetInSource(at), `field of ${countBytes(length)} does not fit in its area`);
        return false;
      }
      if (signature === SUSP_FIELD.CE) this.#readContinuation(cursor, at, length);
      else visitor.visitField(signature, cursor, at, length);
      at += length;
    }
    return true;
  }

  /** 5.1 CE: block location BP 5-12, offset BP 13-20, length BP 21-28, all both-endian. */
  #readContinuation(cursor: ByteCursor, at: number, length: number): void {
    if (length < 28) return;
    this.#nextPosition = cursor.u32both(at + 4) * this.#blockSize + cursor.u32both(at + 12);
    this.#nextLength = cursor.u32both(at + 20);
  }

  #damage(offset: number, what: string): 'damaged' {
    this.fault = what;
    this.faultOffset = offset;
    return 'damaged';
  }
}
