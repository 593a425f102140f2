// An image of raw sectors (2352 bytes, or 2448 with subchannels): every sector of data has codes of its own, so that it
// can be verified though no file system is read from it.
import { countBytes } from '../../base/byte-count.js';
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { Check } from './check.js';
import type { PassReader } from './image-pass.js';
import { checkRawSector, SECTOR_KINDS } from '../../disc/raw-sector.js';
import type { SectorFault, SectorKind } from '../../disc/raw-sector.js';

/** Faulty runs that are told; one more check counts the rest. */
const MAX_FAULTS = 1000;
const FAULTS: Readonly<Record<SectorFault, string>> = {
  edc: 'data do not fit the error detection code',
  ecc: 'parity is wrong, the data are right',
  mode: 'mode is unknown, or a sector of mode 0 is not empty',
};

/** Looks at every sector as it comes in a pass. */
export class RawSectorScan implements PassReader {
  start = 0;
  end: number;
  readonly #sectorSize: number;
  readonly #carry: Buffer;
  #carried = 0;
  /** Bytes up to the next sector that can be looked at. */
  #skip = 0;
  #sector = 0;
  readonly #counts = new Map<SectorKind, { sectors: number; checked: number; faulty: number }>();
  readonly #runs: { fault: SectorFault; kind: SectorKind; first: number; last: number }[] = [];
  #faultyRuns = 0;
  readonly #unreadable: ByteRange[] = [];

  constructor(size: number, sectorSize: number) {
    this.end = size;
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
      if (this.#carried === this.#sectorSize) this.#endSector();
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
    const base = { kind: 'sectors', evidence: 'EDC and ECC', subject: 'image' } as const;
    const checks: Check[] = this.#runs.map(({ fault, kind, first, last }) => {
      const where = first === last ? `sector ${first}` : `sectors ${first} to ${last}`;
      return { ...base, status: 'mismatch', detail: `${where}, ${kind}: ${FAULTS[fault]}` };
    });
    const rest = this.#faultyRuns - this.#runs.length;
    if (rest > 0) checks.push({ ...base, status: 'mismatch', detail: `${rest} more places` });
    for (const { position, size } of this.#unreadable)
      checks.push({ ...base, status: 'unreadable', detail: `${countBytes(size)} at byte ${position}` });
    if (this.#carried > 0) {
      const detail = `the end has ${countBytes(this.#carried)} of a sector that is not whole`;
      checks.push({ ...base, status: 'unchecked', detail });
    }
    for (const kind of SECTOR_KINDS) {
      const { sectors = 0, checked = 0, faulty = 0 } = this.#counts.get(kind) ?? {};
      if (checked > faulty)
        checks.push({ ...base, status: 'ok', detail: `${checked - faulty} sectors of ${kind} agree` });
      if (sectors > checked)
        checks.push({
          ...base,
          status: 'unchecked',
          detail: `${sectors - checked} sectors of ${kind} have no code`,
        });
    }
    return checks;
  }

  #endSector(): void {
    const { kind, fault, isChecked } = checkRawSector(this.#carry.subarray(0, RAW_SECTOR_SIZE));
    const counts = this.#counts.get(kind) ?? { sectors: 0, checked: 0, faulty: 0 };
    this.#counts.set(kind, counts);
    counts.sectors += 1;
    if (isChecked) counts.checked += 1;
    if (fault !== undefined) {
      counts.faulty += 1;
      this.#note(kind, fault);
    }
    this.#sector += 1;
    this.#carried = 0;
  }

  #note(kind: SectorKind, fault: SectorFault): void {
    const last = this.#runs.at(-1);
    if (last?.fault === fault && last.kind === kind && last.last === this.#sector - 1) {
      last.last = this.#sector;
      return;
    }
    this.#faultyRuns += 1;
    if (this.#runs.length < MAX_FAULTS)
      this.#runs.push({ fault, kind, first: this.#sector, last: this.#sector });
  }
}
