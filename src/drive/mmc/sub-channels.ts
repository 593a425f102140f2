// The subchannels of sectors as READ CD gives them (MMC-6 6.19): all eight raw, Q with its fields, or R to W in packs.
// What the image does not hold is made: P and Q follow from the tracks, R to W are empty.
import type { Subchannel } from '../../disc/disc.js';
import { SUBCHANNEL_BYTES } from '../../disc/sector-parity.js';
import type { Medium } from './medium.js';
import { readOf } from './medium.js';
import { CheckCondition } from './sense.js';
import { catalogOf, encodeQ, indexOf, Q_LENGTH } from './sub-channel-q.js';

const CHANNELS = 8;
const Q_OFFSET = Q_LENGTH;
/** Bytes of Q as READ CD gives it: Q with its CRC, and padding of which the last bit of the first is P. */
const FORMATTED_Q_LENGTH = 16;
const P_OF_FORMATTED = 0x80;
/** Bits of R to W in a byte of all eight. */
const R_TO_W = 0x3f;
/** Symbols of a pack of R to W, and packs before the last that a pack is spread over (IEC 60908 17.5). */
const PACK = 24;
const SPREAD_BLOCKS = 2;
/** Symbols of a pack that change places with others before they are spread. */
const SWAPPED: ReadonlyMap<number, number> = new Map([
  [1, 18],
  [18, 1],
  [2, 5],
  [5, 2],
  [3, 23],
  [23, 3],
]);

/** SUB-CHANNEL SELECTION: what of them to send, and bytes of a sector. */
export interface SubChannelForm {
  readonly bytes: number;
  /** Subchannels of so many blocks, read as 96 bytes each, as they are sent. */
  readonly encode: (channels: Buffer, count: number) => Buffer;
  /** Blocks behind the last one that are needed. */
  readonly ahead: number;
}

export const SUB_CHANNEL_FORMS: ReadonlyMap<number, SubChannelForm> = new Map([
  [0, { bytes: 0, encode: () => Buffer.alloc(0), ahead: 0 }],
  [1, { bytes: SUBCHANNEL_BYTES, encode: (channels) => channels, ahead: 0 }],
  [2, { bytes: FORMATTED_Q_LENGTH, encode: formatQ, ahead: 0 }],
  [4, { bytes: SUBCHANNEL_BYTES, encode: collectPacks, ahead: SPREAD_BLOCKS }],
]);

/** What is sent of the subchannels of some blocks. Rejects with `cancelled`. */
export async function readSubChannels(
  medium: Medium,
  form: SubChannelForm,
  block: number,
  count: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  if (form.bytes === 0) return Buffer.alloc(0);
  return form.encode(await readAll(medium, block, count + form.ahead, signal), count);
}

/** A bit of each of the eight channels in a byte, P the highest, 96 bytes a block. */
async function readAll(
  medium: Medium,
  block: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { subchannel } = medium.disc;
  const bytes = Buffer.alloc(count * SUBCHANNEL_BYTES);
  if (subchannel !== undefined && (await tryToRead(subchannel, bytes, block, signal))) return bytes;
  for (let i = 0; i < count; i += 1) {
    const one = bytes.subarray(i * SUBCHANNEL_BYTES, (i + 1) * SUBCHANNEL_BYTES);
    if (subchannel !== undefined && (await tryToRead(subchannel, one, block + i, signal))) continue;
    one.set(makeChannels(medium, block + i));
  }
  return bytes;
}

/** False where the image does not have all of it. */
async function tryToRead(
  { stream, form }: Subchannel,
  target: Buffer,
  block: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const position = block * SUBCHANNEL_BYTES;
  if (position + target.length > stream.size) return false;
  try {
    await readOf(stream, target, position, block, signal);
  } catch (thrown) {
    if (thrown instanceof CheckCondition) return false;
    throw thrown;
  }
  if (form === 'linear')
    for (let at = 0; at < target.length; at += SUBCHANNEL_BYTES)
      target.set(interleave(target.subarray(at, at + SUBCHANNEL_BYTES)), at);
  return true;
}

function makeChannels(medium: Medium, block: number): Buffer {
  const channels = Buffer.alloc(SUBCHANNEL_BYTES);
  const track = medium.trackAt(block);
  if (track === undefined) return channels;
  // P is 1 in the pause before a track.
  if (indexOf(track, block) === 0) channels.fill(0xff, 0, Q_OFFSET);
  channels.set(encodeQ(track, block, catalogOf(medium.disc)), Q_OFFSET);
  return interleave(channels);
}

/** From 12 bytes of each channel, P to W, to a bit of each in a byte. */
function interleave(linear: Uint8Array): Buffer {
  const bytes = Buffer.alloc(SUBCHANNEL_BYTES);
  for (let channel = 0; channel < CHANNELS; channel += 1)
    for (let i = 0; i < SUBCHANNEL_BYTES; i += 1) {
      const bit = (linear[channel * Q_LENGTH + (i >> 3)]! >> (7 - (i & 7))) & 1;
      bytes[i]! |= bit << (7 - channel);
    }
  return bytes;
}

function formatQ(channels: Buffer, count: number): Buffer {
  const bytes = Buffer.alloc(count * FORMATTED_Q_LENGTH);
  for (let block = 0; block < count; block += 1) {
    const from = channels.subarray(block * SUBCHANNEL_BYTES, (block + 1) * SUBCHANNEL_BYTES);
    const to = bytes.subarray(block * FORMATTED_Q_LENGTH, (block + 1) * FORMATTED_Q_LENGTH);
    for (let i = 0; i < SUBCHANNEL_BYTES; i += 1) to[i >> 3]! |= ((from[i]! >> 6) & 1) << (7 - (i & 7));
    if ((from[0]! & 0x80) !== 0) to[FORMATTED_Q_LENGTH - 1] = P_OF_FORMATTED;
  }
  return bytes;
}

/** Each symbol of a pack stands so many packs further on as its place there leaves over when divided by eight. */
function collectPacks(channels: Buffer, count: number): Buffer {
  const bytes = Buffer.alloc(count * SUBCHANNEL_BYTES);
  for (let i = 0; i < bytes.length; i += 1) {
    const place = SWAPPED.get(i % PACK) ?? i % PACK;
    const pack = Math.floor(i / PACK) + (place % 8);
    bytes[i] = channels[pack * PACK + place]! & R_TO_W;
  }
  return bytes;
}
