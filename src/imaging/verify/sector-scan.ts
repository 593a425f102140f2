// Looks at every sector of a stream as it comes in a pass, and tells faults by runs of sectors.
import { countBytes } from '../../base/byte-count.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { Check } from './check.js';
import type { PassReader } from './image-pass.js';

/** Faulty runs that are told; one more check counts the rest. */
const MAX_FAULTS = 1000;

export abstract class SectorScan implements PassReader {
  start = 0;
  end: number;
  readonly #base: Pick<Check, 'kind' | 'evidence' | 'subject'>;
  readonly #sectorSize: number;
  readonly #carry: Buffer;
  #carried = 0;
  /** Bytes up to the next sector that can be looked at. */
  #skip = 0;
  #sector = 0;
  readonly #runs: { readonly fault: string; readonly first: number; last: number }[] = [];
  #faultyRuns = 0;
  readonly #unreadable: ByteRange[] = [];

  constructor(base: Pick<Check, 'kind' | 'evidence' | 'subject'>, size: number, sectorSize: number) {
    this.end = size;
    this.#base = base;
    this.#sectorSize = sectorSize;
    this.#carry = Buffer.alloc(sectorSize);
  }

  /** Goes on with other whole sectors: those between are not in the image. */
  moveTo(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.#sector = start / this.#sectorSize;
    this.#skip = 0;
    this.#carried = 0;
  }

  update(bytes: Uint8Array): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    for (let at = skipped; at < bytes.length;) {
      const length = Math.min(bytes.length - at, this.#sectorSize - this.#carried);
      this.#carry.set(bytes.subarray(at, at + length), this.#carried);
      this.#carried += length;
      at += length;
      if (this.#carried < this.#sectorSize) continue;
      const fault = this.look(this.#carry, this.#sector);
      if (fault !== undefined) this.#note(fault);
      this.#sector += 1;
      this.#carried = 0;
    }
  }

  fail(range: ByteRange): void {
    this.#unreadable.push(range);
    // Sectors that it touches cannot be looked at.
    const end = range.position + range.size;
    this.#sector = Math.ceil(end / this.#sectorSize);
    this.#skip = this.#sector * this.#sectorSize - end;
    this.#carried = 0;
  }

  finish(): Check[] {
    const base = this.#base;
    const checks: Check[] = this.#runs.map(({ fault, first, last }) => {
      const where = first === last ? `sector ${first}` : `sectors ${first} to ${last}`;
      return { ...base, status: 'mismatch', detail: `${where}, ${fault}` };
    });
    const rest = this.#faultyRuns - this.#runs.length;
    if (rest > 0) checks.push({ ...base, status: 'mismatch', detail: `${rest} more places` });
    for (const { position, size } of this.#unreadable)
      checks.push({ ...base, status: 'unreadable', detail: `${countBytes(size)} at byte ${position}` });
    if (this.#carried > 0) {
      const detail = `the end has ${countBytes(this.#carried)} of a sector that is not whole`;
      checks.push({ ...base, status: 'unchecked', detail });
    }
    return [...checks, ...this.sum().map((one): Check => ({ ...base, ...one }))];
  }

  /** What is wrong with a sector, in words; the bytes are overwritten later. */
  protected abstract look(sector: Buffer, number: number): string | undefined;

  /** What came of all sectors. */
  protected abstract sum(): Pick<Check, 'status' | 'detail'>[];

  #note(fault: string): void {
    const last = this.#runs.at(-1);
    if (last?.fault === fault && last.last === this.#sector - 1) {
      last.last = this.#sector;
      return;
    }
    this.#faultyRuns += 1;
    if (this.#runs.length < MAX_FAULTS) this.#runs.push({ fault, first: this.#sector, last: this.#sector });
  }
}
