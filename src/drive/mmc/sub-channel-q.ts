// The Q sub-channel of a sector: where on the disc it is, in the disc's own encoding (ECMA-130 22). Images without
// subchannels leave it out; it follows from what the image says of its tracks.
import type { Track } from '../../disc/disc.js';
import { Q_CRC_OFFSET, Q_LENGTH, qChecksum } from '../../disc/q-checksum.js';
import { timeOfBlock, timeOfFrames, toBcd } from '../../disc/sector-address.js';
import type { MediumTrack } from './medium.js';

/** Bits of CONTROL (ECMA-130 22.3.1). */
const PRE_EMPHASIS = 0x1;
const COPY_PERMITTED = 0x2;
const DATA = 0x4;
const FOUR_CHANNELS = 0x8;
/** Values of ADR: what the other bytes say. */
const POSITION = 0x1;
const CATALOG = 0x2;
const RECORDING_CODE = 0x3;
/**
 * Catalogue number and recording code stand in one block of 100 at least (ECMA-130 22.3.4); these of each, counted
 * from the start of the track, so that none takes the place of its first position.
 */
const CODE_INTERVAL = 100;
const CATALOG_BLOCK = 40;
const RECORDING_CODE_BLOCK = 80;

/** Digits and letters of a catalogue number and of a recording code (ISO 3901). */
const CATALOG_FORM = /^\d{13}$/;
const RECORDING_CODE_FORM = /^[0-9A-Z]{5}\d{7}$/;

/** What is shown of a track that is `mode` audio or data, four bits. */
export function controlOf(track: Track): number {
  const copy = track.copyPermitted === true ? COPY_PERMITTED : 0;
  if (track.mode !== 'audio') return DATA | copy;
  return (
    copy | (track.preEmphasis === true ? PRE_EMPHASIS : 0) | (track.fourChannels === true ? FOUR_CHANNELS : 0)
  );
}

/** First byte of a table of contents entry: ADR above CONTROL in commands, below it on the disc. */
export function adrControlOf(track: Track): number {
  return (POSITION << 4) | controlOf(track);
}

/** The recording code of a track, where it is one. */
export function recordingCodeOf({ isrc }: Track): string | undefined {
  return isrc !== undefined && RECORDING_CODE_FORM.test(isrc) ? isrc : undefined;
}

/** The catalogue number, where it is one. */
export function catalogOf({ catalog }: { readonly catalog?: string }): string | undefined {
  return catalog !== undefined && CATALOG_FORM.test(catalog) ? catalog : undefined;
}

/** Index of a block of a track: 0 in the pause before it. */
export function indexOf({ start, indexes = [] }: Track, block: number): number {
  if (block < start) return 0;
  return 1 + indexes.filter((address) => address <= block).length;
}

/** Q of a block of a track, CRC included. `catalog`: of the disc. */
export function encodeQ(track: MediumTrack, block: number, catalog?: string): Uint8Array {
  const bytes = Buffer.alloc(Q_LENGTH);
  const [adr, data] = chooseData(track, block, catalog);
  bytes[0] = (controlOf(track) << 4) | adr;
  bytes.set(data, 1);
  const { minute, second, frame } = timeOfBlock(block);
  // Codes leave room for the frames alone.
  const absolute = adr === POSITION ? [minute, second, frame] : [frame];
  bytes.set(absolute.map(toBcd), Q_CRC_OFFSET - absolute.length);
  bytes.writeUInt16BE(qChecksum(bytes), Q_CRC_OFFSET);
  return bytes;
}

function chooseData(
  track: MediumTrack,
  block: number,
  catalog: string | undefined,
): readonly [adr: number, data: readonly number[]] {
  const place = (block - track.start) % CODE_INTERVAL;
  if (place === CATALOG_BLOCK && catalog !== undefined) return [CATALOG, packDigits(catalog)];
  const code = recordingCodeOf(track);
  if (place === RECORDING_CODE_BLOCK && code !== undefined && track.mode === 'audio')
    return [RECORDING_CODE, packRecordingCode(code)];
  // Before its start the time in a track counts down, and the index is 0.
  const { minute, second, frame } = timeOfFrames(Math.abs(block - track.start));
  return [POSITION, [track.number, indexOf(track, block), minute, second, frame].map(toBcd)];
}

/** Four bits a digit, the first one above. */
function packDigits(digits: string): number[] {
  return [...Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex')];
}

/** Five characters of six bits, two zeros, seven digits of four bits. */
function packRecordingCode(code: string): number[] {
  const bits = Array.from(code.slice(0, 5), sixBits).reduce((all, value) => all * 64 + value, 0) * 4;
  return [
    ...[24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) & 0xff),
    ...packDigits(code.slice(5)),
  ];
}

/** ECMA-130 22.3.4.2: digits from 0, letters from 17. */
function sixBits(character: string): number {
  const value = Number.parseInt(character, 36);
  return value < 10 ? value : value + 7;
}
