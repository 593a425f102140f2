// Discs of tracks in memory: data in whole sectors, sound of noise, and pauses between them.
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { buildDisc } from '../../../src/container/build-disc.js';
import type { DiscLayout, SectorPiece, TrackLayout } from '../../../src/container/build-disc.js';
import { storedSector } from '../../../src/container/stored-sector.js';
import type { Disc, Track } from '../../../src/disc/disc.js';
import { showDisc } from '../../../src/image/open-image.js';
import type { OpenedImage, OpenImageOptions } from '../../../src/image/open-image.js';
import { OpenedFiles } from '../../../src/source/image-files.js';
import { FaultySource } from '../fakes/faulty-source.js';
import { wrapSectors } from './raw-sectors.js';

const RAW = 2352;

/** A track of a disc that is made: what it holds, and what its file has before it. */
export interface MadeTrack extends Partial<Omit<Track, 'number' | 'start' | 'length' | 'mode'>> {
  /** Data: plain sectors of 2048 bytes. Sound: samples of whole sectors. */
  readonly data?: Uint8Array;
  readonly sound?: Buffer;
  readonly mode?: 'mode1' | 'xa';
  /** Data are stored in 2048 bytes a sector. */
  readonly isCooked?: boolean;
  /** The pause before it is in no file. */
  readonly isPauseMade?: boolean;
}

export interface MadeDisc {
  readonly disc: Disc;
  /** The one file that the disc is in. */
  readonly file: Buffer;
  readonly source: FaultySource;
}

/** Noise: whole sectors, the same for the same seed. */
export function makeNoise(sectors: number, seed: number): Buffer {
  const words = new Uint32Array((sectors * RAW) / 4);
  new PseudoRandom(seed).fill(words);
  return Buffer.from(words.buffer);
}

/** The tracks follow each other in one session, in one file. */
export function makeDisc(tracks: readonly MadeTrack[], facts: Partial<DiscLayout> = {}): MadeDisc {
  const parts: Buffer[] = [];
  const layouts: TrackLayout[] = [];
  let at = 0;
  let offset = 0;
  for (const [i, { data, sound, mode = 'mode1', isCooked, isPauseMade, ...about }] of tracks.entries()) {
    const pause = about.pregap ?? 0;
    const pieces: SectorPiece[] = [];
    const sector = storedSector(sound === undefined ? mode : 'audio', isCooked === true ? 2048 : 2352);
    const add = (bytes: Buffer): void => {
      parts.push(bytes);
      pieces.push({ sectors: bytes.length / sector.bytes, stored: { base: 0, offset, sector } });
      offset += bytes.length;
    };
    const start = at + pause;
    if (pause > 0 && isPauseMade === true) pieces.push({ sectors: pause, stored: 'zeros' });
    else if (pause > 0)
      add(sound === undefined ? Buffer.alloc(pause * sector.bytes) : makeNoise(pause, 900 + i));
    if (sound !== undefined) add(sound);
    else if (isCooked === true) add(Buffer.from(data!));
    else add(wrapSectors(data!, { mode, start }));
    const length = sound === undefined ? data!.length / 2048 : sound.length / RAW;
    layouts.push({
      ...about,
      number: i + 1,
      mode: sound === undefined ? mode : 'audio',
      start,
      length,
      pieces,
    });
    at = start + length;
  }
  const file = Buffer.concat(parts);
  const source = new FaultySource(file);
  const sessions = [{ number: 1, tracks: layouts }];
  const disc = buildDisc({ format: 'test', name: 'disc.cue', bases: [source], sessions, ...facts });
  return { disc, file, source };
}

/** The disc as an image that is open. */
export function openDiscOf({ disc, source }: MadeDisc, options: OpenImageOptions = {}): Promise<OpenedImage> {
  const files = new OpenedFiles(source);
  return showDisc({ files, source, disc, damage: undefined }, options);
}
