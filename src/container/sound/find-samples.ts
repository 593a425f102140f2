// Tells a sound file by its first bytes, whatever its sheet calls it, and finds its samples.
import type { ByteSource } from '../../source/byte-source.js';
import { readIfPossible } from '../../source/read-fully.js';
import { findAiffSamples } from './aiff.js';
import type { NoSound, SoundPlace } from './sound-place.js';
import { findWaveSamples } from './wav.js';

/** Marks of all kinds. */
const HEAD_BYTES = 12;

export async function findSamples(source: ByteSource, signal?: AbortSignal): Promise<SoundPlace | NoSound> {
  const head = Buffer.from(await readIfPossible(source, 0, HEAD_BYTES, signal));
  const first = head.toString('latin1', 0, 4);
  const form = head.toString('latin1', 8, 12);
  if ((first === 'RIFF' || first === 'RF64') && form === 'WAVE') return findWaveSamples(source, signal);
  if (first === 'FORM' && (form === 'AIFF' || form === 'AIFC')) return findAiffSamples(source, signal);
  if (first === 'fLaC') {
    const { openFlac } = await import('./flac.js');
    const opened = await openFlac(source, signal);
    return 'refusal' in opened ? opened : { offset: 0, end: opened.size, swap16: false, decoded: opened };
  }
  if (first === 'OggS') return { refusal: 'an Ogg file, whose sound is not what was on the disc' };
  if (first.startsWith('ID3') || (head[0] === 0xff && (head[1]! & 0xe0) === 0xe0))
    return { refusal: 'an MP3 file, whose sound is not what was on the disc' };
  return { refusal: 'no sound file that is known here' };
}
