// Wraps plain sectors of 2048 bytes as a drive gives whole ones: sync, header, codes, subchannels.
import { errorDetectionCode } from '../../../src/base/error-detection-code.js';
import { writeParity } from '../../../src/disc/sector-parity.js';
import { encodeMode1Sector } from '../../../src/disc/sector-code.js';

const SECTOR = 2048;

export interface RawKind {
  readonly mode: 'mode1' | 'xa';
  /** Bytes of subchannels behind each sector. */
  readonly subchannel?: 0 | 16 | 96;
  /** Without sync and header: 2336 bytes. */
  readonly isHeadless?: boolean;
  /** Without the last four bytes either: 2332. */
  readonly isShort?: boolean;
  /** Address of the first sector. */
  readonly start?: number;
}

export function wrapSectors(image: Uint8Array, kind: RawKind): Buffer {
  const { mode, subchannel = 0, isHeadless = false, isShort = false, start = 0 } = kind;
  const sectors = Array.from({ length: image.length / SECTOR }, (_, i) => {
    const data = image.subarray(i * SECTOR, (i + 1) * SECTOR);
    const sector = mode === 'mode1' ? encodeMode1Sector(data, start + i) : encodeXaSector(data, start + i);
    return Buffer.concat([
      sector.subarray(isHeadless ? 16 : 0, isShort ? 2348 : 2352),
      Buffer.alloc(subchannel, 0x40),
    ]);
  });
  return Buffer.concat(sectors);
}

/** Mode 2 form 1 (CD-ROM XA); the parity takes the header for zeros. */
export function encodeXaSector(data: Uint8Array, block: number): Buffer {
  const sector = Buffer.alloc(2352);
  const header = encodeMode1Sector(new Uint8Array(SECTOR), block).subarray(0, 16);
  sector.set([0, 0, 8, 0, 0, 0, 8, 0], 16);
  sector.set(data, 24);
  sector.writeUInt32LE(errorDetectionCode(sector.subarray(16, 2072)), 2072);
  writeParity(sector);
  sector.set(header);
  sector[15] = 2;
  return sector;
}
