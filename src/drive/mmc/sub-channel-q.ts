// The Q sub-channel of a sector: where on the disc it is, in the disc's own encoding (ECMA-130). Plain images
// leave sub-channels out; position data follows from the tracks.
import { timeOfBlock, timeOfFrames, toBcd } from './address.js';
import type { MediumTrack } from './medium.js';

/** A data track, copying not permitted; position data (ECMA-130). */
export const DATA_CONTROL = 0x4;
const ADR_POSITION = 0x1;
/** Bytes of Q as READ CD gives it: 10 bytes, CRC, and padding (MMC-6). */
export const FORMATTED_Q_LENGTH = 16;
const CRC_POLYNOMIAL = 0x1021;

/** First byte of a table of contents entry: ADR above CONTROL in commands, below it on the disc. */
export const DATA_ADR_CONTROL = (ADR_POSITION << 4) | DATA_CONTROL;

/** The formatted Q sub-channel of a block of a track. */
export function encodeQ(track: MediumTrack, block: number): Uint8Array {
  const bytes = Buffer.alloc(FORMATTED_Q_LENGTH);
  // Before its start the time in a track counts down, and the index is 0.
  const relative = timeOfFrames(Math.abs(block - track.start));
  const absolute = timeOfBlock(block);
  bytes[0] = (DATA_CONTROL << 4) | ADR_POSITION;
  bytes[1] = toBcd(track.number);
  bytes[2] = block < track.start ? 0 : 1;
  bytes.set([relative.minute, relative.second, relative.frame].map(toBcd), 3);
  bytes.set([absolute.minute, absolute.second, absolute.frame].map(toBcd), 7);
  bytes.writeUInt16BE(checksum(bytes.subarray(0, 10)), 10);
  return bytes;
}

/** ECMA-130: x^16 + x^12 + x^5 + 1 over control, mode and data, inverted. */
function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ ((crc >> 15) * CRC_POLYNOMIAL);
    crc &= 0xffff;
  }
  return crc ^ 0xffff;
}
