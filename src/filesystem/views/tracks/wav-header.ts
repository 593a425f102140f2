// The header of a WAV file of a CD's sound: RIFF, with the formats of "Multimedia Programming Interface and Data
// Specifications 1.0". Samples follow it as they stand in the raw sectors.

export const WAV_HEADER_BYTES = 44;
const CHANNELS = 2;
const SAMPLES_PER_SECOND = 44_100;
const BITS_PER_SAMPLE = 16;
const BYTES_PER_FRAME = (CHANNELS * BITS_PER_SAMPLE) / 8;
/** WAVE_FORMAT_PCM. */
const PULSE_CODE = 1;
const FORMAT_BYTES = 16;
/** Sizes have 32 bits: of more, readers go to the end of the file. */
const MAX_SIZE = 0xffff_ffff;

/** `bytes`: of the samples. */
export function encodeWavHeader(bytes: number): Uint8Array {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(Math.min(MAX_SIZE, bytes + WAV_HEADER_BYTES - 8), 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(FORMAT_BYTES, 16);
  header.writeUInt16LE(PULSE_CODE, 20);
  header.writeUInt16LE(CHANNELS, 22);
  header.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  header.writeUInt32LE(SAMPLES_PER_SECOND * BYTES_PER_FRAME, 28);
  header.writeUInt16LE(BYTES_PER_FRAME, 32);
  header.writeUInt16LE(BITS_PER_SAMPLE, 34);
  header.write('data', 36);
  header.writeUInt32LE(Math.min(MAX_SIZE, bytes), 40);
  return header;
}
