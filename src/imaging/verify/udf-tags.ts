// The checksums of UDF descriptors all over an image, those that nobody reads included: reserve copies, descriptors of
// deleted files, identifiers in directories (ECMA-167 3/7.2, 4/7.2).
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { TAG, TAG_BYTES, checkTag, tagIdentifier } from '../../filesystem/udf/tag.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { Check } from './check.js';
import type { Evidence, VerifyContext } from './evidence.js';
import type { PassReader } from './image-pass.js';

/** Damaged descriptors that are told; one more check counts the rest. */
const MAX_FAULTS = 1000;
/** ECMA-167 4/14.4: bytes of a file identifier before its variable part, whose lengths stand at 36 and 19. */
const IDENTIFIER_BYTES = 38;
const KNOWN = new Set<number>(Object.values(TAG));

export function gatherUdfTags(context: VerifyContext): Evidence[] {
  const udf = context.image.trees.find(({ kind }) => kind === 'udf');
  if (udf === undefined) return [];
  const scan = new UdfTagScan(context, udf.blockSize);
  return [{ consumers: [scan], finish: () => scan.finish() }];
}

interface DamagedTag {
  readonly offset: number;
  readonly identifier: number;
  /** Blocks between its place and the one that it names. */
  readonly shift: number;
}

export class UdfTagScan implements PassReader {
  readonly start = 0;
  readonly end: number;
  readonly #extents: VerifyContext['extents'];
  readonly #blockSize: number;
  readonly #block: Uint8Array;
  readonly #cursor: ByteCursor;
  #filled = 0;
  /** Bytes up to the next block that can be looked at. */
  #skip = 0;
  #position = 0;
  #good = 0;
  #unreadable = 0;
  /** Shifts of good descriptors: 0 for those of the volume, the start of a partition for those in it. */
  readonly #shifts = new Set<number>();
  readonly #damaged: DamagedTag[] = [];
  #damagedCount = 0;

  constructor({ image: { source }, extents }: Pick<VerifyContext, 'image' | 'extents'>, blockSize: number) {
    this.end = source.size;
    this.#extents = extents;
    this.#blockSize = blockSize;
    this.#block = new Uint8Array(blockSize);
    this.#cursor = new ByteCursor(this.#block, source.name, 0);
  }

  update(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    for (let at = skipped; at < bytes.length;) {
      const length = Math.min(bytes.length - at, this.#blockSize - this.#filled);
      this.#block.set(bytes.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      if (this.#filled === this.#blockSize) this.#endBlock();
    }
  }

  fail({ position, size }: ByteRange): void {
    this.#unreadable += size;
    const end = position + size;
    this.#position = Math.ceil(end / this.#blockSize) * this.#blockSize;
    this.#skip = this.#position - end;
    this.#filled = 0;
  }

  finish(): Check[] {
    const base = { kind: 'udf-tags', evidence: 'UDF descriptors', subject: 'image' } as const;
    // Only what says that it belongs where it stands is one of ours, and no remains of an older volume.
    const faults = this.#damaged.filter(({ shift }) => this.#shifts.has(shift));
    const checks: Check[] = faults.map(({ offset, identifier }) => {
      const detail = `checksum of the descriptor (tag ${identifier}) at byte ${offset} is wrong`;
      return { ...base, status: 'mismatch', detail };
    });
    if (this.#damagedCount > this.#damaged.length) {
      const rest = this.#damagedCount - this.#damaged.length;
      checks.push({ ...base, status: 'mismatch', detail: `${rest} more descriptors` });
    }
    if (this.#unreadable > 0)
      checks.push({
        ...base,
        status: 'unreadable',
        detail: `${countBytes(this.#unreadable)} cannot be read`,
      });
    if (checks.length === 0)
      checks.push({ ...base, status: 'ok', detail: `checksums of ${this.#good} descriptors agree` });
    return checks;
  }

  #endBlock(): void {
    // Identifiers stand one behind the other; one that the block ends within is left to whoever lists the directory.
    for (let at = 0; at + TAG_BYTES <= this.#blockSize;) {
      this.#cursor.setBytes(this.#block, this.#position);
      this.#cursor.moveTo(at, this.#blockSize - at);
      const identifier = tagIdentifier(this.#cursor);
      if (!KNOWN.has(identifier)) break;
      const fault = checkTag(this.#cursor, undefined);
      if (fault === 'none') break;
      const length = identifier === TAG.fileIdentifier ? this.#identifierLength() : this.#blockSize;
      if (at + length > this.#blockSize) break;
      this.#note(identifier, fault === 'crc', at);
      at += length;
    }
    this.#position += this.#blockSize;
    this.#filled = 0;
  }

  #identifierLength(): number {
    if (this.#cursor.length < IDENTIFIER_BYTES) return this.#blockSize + 1;
    const variable = this.#cursor.u16le(36) + this.#cursor.u8(19);
    return (IDENTIFIER_BYTES + variable + 3) & ~3;
  }

  #note(identifier: number, isDamaged: boolean, at: number): void {
    // An image may lie in a file of the disc.
    if (this.#extents.holds(this.#position + at)) return;
    const shift = Math.floor(this.#position / this.#blockSize) - this.#cursor.u32le(12);
    if (!isDamaged) {
      this.#good += 1;
      this.#shifts.add(shift);
      return;
    }
    this.#damagedCount += 1;
    if (this.#damaged.length < MAX_FAULTS)
      this.#damaged.push({ offset: this.#position + at, identifier, shift });
  }
}
