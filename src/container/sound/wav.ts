// WAVE files (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0"; EBU Tech 3306 for RF64).
import { MAX_CHUNKS, refuseFormat, SAMPLE_RATE } from './sound-place.js';
import type { NoSound, SoundPlace } from './sound-place.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';

const FIRST_CHUNK = 12;
const CHUNK_HEADER = 8;
const FORMAT_BYTES = 16;
const EXTENSIBLE_BYTES = 26;
const PCM = 1;
const EXTENSIBLE = 0xfffe;

export async function findWaveSamples(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<SoundPlace | NoSound> {
  let isRight = false;
  let at = FIRST_CHUNK;
  for (let count = 0; count < MAX_CHUNKS && at + CHUNK_HEADER <= source.size; count += 1) {
    const found = await readIfPossible(source, at, CHUNK_HEADER + EXTENSIBLE_BYTES, signal);
    const bytes = Buffer.from(found);
    if (bytes.length < CHUNK_HEADER) break;
    const id = bytes.toString('latin1', 0, 4);
    const size = bytes.readUInt32LE(4);
    const body = at + CHUNK_HEADER;
    if (id === 'fmt ') {
      const refusal = checkFormat(bytes.subarray(CHUNK_HEADER, CHUNK_HEADER + size));
      if (refusal !== undefined) return refusal;
      isRight = true;
    } else if (id === 'data') {
      if (!isRight) return { refusal: 'a WAVE file whose samples stand before their format' };
      // A program that could not go back left no size, or the largest one.
      const isSized = size > 0 && body + size <= source.size;
      return { offset: body, end: isSized ? body + size : source.size, swap16: false };
    }
    at = body + size + (size % 2);
  }
  return { refusal: 'a WAVE file without samples' };
}

function checkFormat(bytes: Buffer): NoSound | undefined {
  if (bytes.length < FORMAT_BYTES) return { refusal: 'a WAVE file whose format is cut off' };
  const tag = bytes.readUInt16LE(0);
  const coding = tag === EXTENSIBLE && bytes.length >= EXTENSIBLE_BYTES ? bytes.readUInt16LE(24) : tag;
  if (coding !== PCM) return { refusal: `a WAVE file of coding ${coding}, expected ${PCM} (PCM)` };
  const [channels, rate, bits] = [bytes.readUInt16LE(2), bytes.readUInt32LE(4), bytes.readUInt16LE(14)];
  return channels === 2 && rate === SAMPLE_RATE && bits === 16
    ? undefined
    : refuseFormat(channels, bits, rate);
}
