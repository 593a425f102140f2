// The MD5 that implantisomd5 hides in the application use field of the primary volume descriptor, with sums of
// fragments that tell roughly where an image is damaged (isomd5sum, utilities.c and libcheckisomd5.c).
import { createHash } from 'node:crypto';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost } from '../../source/read-fully.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { PassReader } from './image-pass.js';

/** ECMA-119 8.4.32 Application Use, BP 884-1395 of the descriptor at sector 16. */
const FIELD = 16 * SECTOR_SIZE + 883;
const FIELD_BYTES = 512;
/** ECMA-119 8.4.8 Volume Space Size, big-endian half. */
const SIZE_FIELD = 16 * SECTOR_SIZE + 84;
/** The program hashes so many bytes at a time, and a fragment ends where such a step does. */
const STEP = 16 * SECTOR_SIZE;
/** Digits of all fragment sums together. */
const FRAGMENT_DIGITS = 60;
const SPACE = 0x20;

export interface ImplantedSum {
  readonly md5: string;
  /** Bytes of the image that it covers, from its start. */
  readonly size: number;
  readonly fragmentCount: number;
  readonly fragmentSums: string;
}

/** The sum that an image carries, or undefined. Rejects as ByteSource.read does. */
export async function readImplantedSum(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<ImplantedSum | undefined> {
  const field = await readAtMost(source, FIELD, FIELD_BYTES, signal);
  const text = Buffer.from(field).toString('latin1');
  const md5 = /ISO MD5SUM = ([0-9a-f]{32});/.exec(text)?.[1];
  const skipped = /SKIPSECTORS = (\d{1,6});/.exec(text)?.[1];
  if (md5 === undefined || skipped === undefined) return undefined;
  const sectors = Buffer.from(await readAtMost(source, SIZE_FIELD, 4, signal)).readUInt32BE(0);
  const size = (sectors - Number(skipped)) * SECTOR_SIZE;
  if (size <= FIELD + FIELD_BYTES) return undefined;
  const sums = /FRAGMENT SUMS = ([0-9a-f]{1,60});/.exec(text)?.[1] ?? '';
  const count = Number(/FRAGMENT COUNT = (\d{1,2});/.exec(text)?.[1] ?? 0);
  const hasFragments = sums.length === FRAGMENT_DIGITS && count > 0 && count <= FRAGMENT_DIGITS;
  return { md5, size, fragmentCount: hasFragments ? count : 0, fragmentSums: hasFragments ? sums : '' };
}

export class ImplantedMd5 implements PassReader {
  readonly start = 0;
  readonly end: number;
  readonly unreadable: ByteRange[] = [];
  readonly #sum: ImplantedSum;
  readonly #hash = createHash('md5');
  #position = 0;
  #fragment = 0;
  #fragmentStart = 0;
  #firstBad: ByteRange | undefined;
  #proven = 0;

  constructor(sum: ImplantedSum) {
    this.#sum = sum;
    this.end = sum.size;
  }

  /** Bytes from the start up to which every fragment so far was right. */
  get proven(): number {
    return this.#proven;
  }

  /** The first fragment so far that was not. */
  get firstBad(): ByteRange | undefined {
    return this.#firstBad;
  }

  update(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const step = Math.min(bytes.length - done, STEP - (this.#position % STEP));
      this.#hash.update(this.#blank(bytes.subarray(done, done + step)));
      this.#position += step;
      done += step;
      if (this.#position % STEP === 0) this.#endStep(this.#position - STEP);
    }
    if (this.#position === this.end) this.#endImage();
  }

  fail(range: ByteRange): void {
    this.unreadable.push(range);
  }

  /** Whether the sum is right; undefined when not all could be read. `where` is the first fragment that is not. */
  finish(): { readonly isRight: boolean; readonly where: ByteRange | undefined } | undefined {
    if (this.#position !== this.end) return undefined;
    const isRight = this.#proven === this.end;
    return { isRight, where: isRight ? undefined : this.#firstBad };
  }

  #endImage(): void {
    if (this.#hash.digest('hex') === this.#sum.md5) this.#proven = this.end;
    else this.#firstBad ??= { position: this.#fragmentStart, size: this.end - this.#fragmentStart };
  }

  /** The field itself counts as spaces. */
  #blank(bytes: Uint8Array): Uint8Array {
    const from = Math.max(0, FIELD - this.#position);
    const to = Math.min(bytes.length, FIELD + FIELD_BYTES - this.#position);
    return from < to ? Uint8Array.from(bytes).fill(SPACE, from, to) : bytes;
  }

  #endStep(stepStart: number): void {
    const { fragmentCount, fragmentSums, size } = this.#sum;
    if (fragmentCount === 0) return;
    const fragment = Math.floor(stepStart / Math.floor(size / (fragmentCount + 1)));
    if (fragment === this.#fragment) return;
    const digits = Math.floor(FRAGMENT_DIGITS / fragmentCount);
    // Of each byte of the digest, the first digit of its shortest hexadecimal form.
    const found = Array.from(this.#hash.copy().digest().subarray(0, digits), (byte) =>
      byte.toString(16).charAt(0),
    );
    const expected = fragmentSums.slice((fragment - 1) * digits, fragment * digits);
    const range = { position: this.#fragmentStart, size: this.#position - this.#fragmentStart };
    if (found.join('') !== expected) this.#firstBad ??= range;
    else if (this.#firstBad === undefined) this.#proven = this.#position;
    this.#fragment = fragment;
    this.#fragmentStart = this.#position;
  }
}
