// AIFF and AIFF-C files (Apple, "Audio Interchange File Format" 1.3, and AIFF-C draft of 1991).
import { MAX_CHUNKS, refuseFormat, SAMPLE_BYTES, SAMPLE_RATE } from './sound-place.js';
import type { NoSound, SoundPlace } from './sound-place.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';

const FIRST_CHUNK = 12;
const CHUNK_HEADER = 8;
/** Of COMM: channels, frames, bits, rate; of AIFF-C the coding too. */
const COMMON_BYTES = 18;
const CODING_BYTES = 22;
/** Of SSND: where the samples begin, and the size of blocks. */
const SOUND_HEADER = 8;
/** High byte first, as AIFF has it; "sowt" is low byte first. */
const CODINGS = ['NONE', 'twos', 'sowt'];
/** 44100 in 80 bits (IEEE 754 extended). */
const CD_RATE = '400eac44000000000000';

export async function findAiffSamples(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<SoundPlace | NoSound> {
  let common: { readonly samples: number; readonly coding: string } | undefined;
  let sound: { readonly offset: number; readonly end: number } | undefined;
  let at = FIRST_CHUNK;
  for (let count = 0; count < MAX_CHUNKS && at + CHUNK_HEADER <= source.size; count += 1) {
    const bytes = Buffer.from(await readIfPossible(source, at, CHUNK_HEADER + CODING_BYTES, signal));
    if (bytes.length < CHUNK_HEADER + SOUND_HEADER) break;
    const id = bytes.toString('latin1', 0, 4);
    const size = bytes.readUInt32BE(4);
    const body = bytes.subarray(CHUNK_HEADER, CHUNK_HEADER + size);
    const end = at + CHUNK_HEADER + size;
    if (id === 'COMM') {
      const found = parseCommon(body);
      if ('refusal' in found) return found;
      common = found;
    } else if (id === 'SSND' && body.length >= SOUND_HEADER) {
      const offset = at + CHUNK_HEADER + SOUND_HEADER + body.readUInt32BE(0);
      sound = { offset, end: Math.min(end, source.size) };
    }
    if (common !== undefined && sound !== undefined) {
      const { offset } = sound;
      const last = Math.max(offset, Math.min(sound.end, offset + common.samples * SAMPLE_BYTES));
      return { offset, end: last, swap16: common.coding !== 'sowt' };
    }
    at = end + (size % 2);
  }
  return { refusal: 'an AIFF file without samples' };
}

function parseCommon(bytes: Buffer): { samples: number; coding: string } | NoSound {
  if (bytes.length < COMMON_BYTES) return { refusal: 'an AIFF file whose format is cut off' };
  const coding = bytes.length >= CODING_BYTES ? bytes.toString('latin1', 18, 22) : CODINGS[0]!;
  if (!CODINGS.includes(coding))
    return { refusal: `an AIFF file of coding "${coding}", expected one of ${CODINGS.join(', ')}` };
  const [channels, bits] = [bytes.readUInt16BE(0), bytes.readUInt16BE(6)];
  const isCdRate = bytes.toString('hex', 8, 18) === CD_RATE;
  if (channels === 2 && bits === 16 && isCdRate) return { samples: bytes.readUInt32BE(2), coding };
  return refuseFormat(channels, bits, isCdRate ? SAMPLE_RATE : rateOf(bytes));
}

/** Whole hertz of a rate in 80 bits, as far as rates of sound go. */
function rateOf(bytes: Buffer): number {
  const exponent = (bytes.readUInt16BE(8) & 0x7fff) - 0x3fff - 31;
  return Math.round(bytes.readUInt32BE(10) * 2 ** Math.max(-64, Math.min(64, exponent)));
}
