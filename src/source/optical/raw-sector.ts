// User data out of a whole sector of a CD, when its error detection code says that it is right: what a drive could not
// correct it may still give raw (ECMA-130 14; CD-ROM XA), each time with other bytes wrong.
import { errorDetectionCode } from '../../base/error-detection-code.js';
import { C2_SIZE, RAW_SECTOR_SIZE } from './optical-drive.js';

const MODE_OFFSET = 15;
/** Where user data and code lie, and from where on the code is computed, by mode. */
const LAYOUTS = {
  1: { data: 16, covered: 0, code: 2064 },
  // Form 1; form 2 holds no data that a file system is made of.
  2: { data: 24, covered: 16, code: 2072 },
} as const;
const USER_DATA = 2048;
const CODE_LENGTH = 4;

/** 2048 bytes; undefined when they are not proved right. */
export function userDataOfRawSector(sector: Uint8Array): Uint8Array | undefined {
  if (sector.length < RAW_SECTOR_SIZE) return undefined;
  const mode = sector[MODE_OFFSET];
  if (mode !== 1 && mode !== 2) return undefined;
  const { data, covered, code } = LAYOUTS[mode];
  const written = Buffer.from(sector.buffer, sector.byteOffset).readUInt32LE(code);
  if (errorDetectionCode(sector.subarray(covered, code)) !== written) return undefined;
  return sector.subarray(data, data + USER_DATA);
}

/**
 * One sector out of several readings of it: of each byte the last that the drive was sure of by its C2 pointers
 * (MMC-6), or else the last.
 */
export class RawReadings {
  readonly #sector = new Uint8Array(RAW_SECTOR_SIZE);
  /** A byte is sure that was not marked in some reading, or was the same in two where that is trusted. */
  readonly #isSure = new Uint8Array(RAW_SECTOR_SIZE);
  readonly #trustsTwice: boolean;
  #count = 0;

  /** `trustsTwice`: a byte that was the same in two readings is sure, marked or not. Drives make up sound. */
  constructor(trustsTwice = true) {
    this.#trustsTwice = trustsTwice;
  }

  /** Without C2 pointers behind the sector no byte is marked. */
  add(reading: Uint8Array): void {
    const pointers = reading.subarray(RAW_SECTOR_SIZE, RAW_SECTOR_SIZE + C2_SIZE);
    for (let i = 0; i < RAW_SECTOR_SIZE; i += 1) {
      // The first byte's bit is the highest.
      const isMarked = ((pointers[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0;
      const byte = reading[i]!;
      if (isMarked && this.#isSure[i] === 1) continue;
      const isTwice = this.#trustsTwice && this.#count > 0 && this.#sector[i] === byte;
      this.#isSure[i] = !isMarked || isTwice ? 1 : 0;
      this.#sector[i] = byte;
    }
    this.#count += 1;
  }

  /** The sector as it is known by now. */
  get sector(): Uint8Array {
    return this.#sector;
  }

  /** All bytes are sure. */
  get isSure(): boolean {
    return this.#isSure.every((sure) => sure === 1);
  }

  /** See userDataOfRawSector; nothing is proved by bytes that the drive is not sure of. */
  userData(): Uint8Array | undefined {
    const { covered, code } = LAYOUTS[this.#sector[MODE_OFFSET] === 2 ? 2 : 1];
    const isSure = this.#isSure.subarray(covered, code + CODE_LENGTH).every((sure) => sure === 1);
    return isSure ? userDataOfRawSector(this.#sector) : undefined;
  }
}
