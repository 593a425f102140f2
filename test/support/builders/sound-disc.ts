// A disc of data and sound in two sessions, in memory: what sheets describe, and its bytes to compare with.
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { buildDisc } from '../../../src/container/build-disc.js';
import type { DiscLayout, TrackLayout } from '../../../src/container/build-disc.js';
import { storedSector } from '../../../src/container/stored-sector.js';
import type { Disc } from '../../../src/disc/disc.js';
import { encodeSector } from '../../../src/disc/sector-code.js';
import { FaultySource } from '../fakes/faulty-source.js';

const RAW = 2352;
const COOKED = 2048;

/** Bytes of no pattern that a sector repeats. */
export function noise(length: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  new PseudoRandom(seed).fill(words);
  return Buffer.from(words.buffer, 0, length);
}

/** Block addresses of the disc below. */
export const DATA_BLOCKS = 40;
export const SOUND_PREGAP = 30;
export const SOUND_START = DATA_BLOCKS + SOUND_PREGAP;
export const SOUND_BLOCKS = 300;
export const SECOND_INDEX = SOUND_START + 200;
export const LAST_SOUND_START = SOUND_START + SOUND_BLOCKS;
export const LAST_SOUND_BLOCKS = 100;
export const FIRST_LEAD_OUT = LAST_SOUND_START + LAST_SOUND_BLOCKS;
export const XA_START = FIRST_LEAD_OUT + 11_400;
export const XA_BLOCKS = 20;
export const CATALOG = '1234567890128';
export const ISRC = 'GBAYE6700153';

export interface SoundDisc {
  readonly disc: Disc;
  /** 2048 bytes a sector of track 1. */
  readonly data: Buffer;
  /** 2352 bytes a sector of tracks 2 and 3, the pause before track 2 first. */
  readonly sound: Buffer;
  /** 2352 bytes a sector of track 4; odd ones are of form 2. */
  readonly xa: Buffer;
  readonly sources: readonly FaultySource[];
}

/** Cooked data, sound with a pause, an index and codes, more sound; in a second session, CD-ROM XA. */
export function soundDisc(facts: Partial<DiscLayout> = {}): SoundDisc {
  const data = noise(DATA_BLOCKS * COOKED, 1);
  const sound = noise((SOUND_PREGAP + SOUND_BLOCKS + LAST_SOUND_BLOCKS) * RAW, 2);
  const xa = Buffer.concat(Array.from({ length: XA_BLOCKS }, (_, i) => xaSector(XA_START + i, i % 2 === 1)));
  const sources = [data, sound, xa].map((bytes) => new FaultySource(bytes));
  const track = (one: Omit<TrackLayout, 'pieces'>, base: number, offset: number): TrackLayout => {
    const sector = storedSector(one.mode, one.mode === 'mode1' ? COOKED : RAW);
    const stored = { base, offset, sector };
    return { ...one, pieces: [{ sectors: (one.pregap ?? 0) + one.length, stored }] };
  };
  const pieces = [
    track({ number: 1, mode: 'mode1', start: 0, length: DATA_BLOCKS }, 0, 0),
    track(
      {
        ...{ number: 2, mode: 'audio', start: SOUND_START, length: SOUND_BLOCKS, pregap: SOUND_PREGAP },
        ...{ indexes: [SECOND_INDEX], isrc: ISRC, preEmphasis: true, copyPermitted: true },
        ...{ title: 'First song', performer: 'Somebody' },
      },
      1,
      0,
    ),
    track(
      {
        ...{ number: 3, mode: 'audio', start: LAST_SOUND_START, length: LAST_SOUND_BLOCKS },
        title: 'D\u00e9j\u00e0 vu, a song with a long title',
      },
      1,
      (SOUND_PREGAP + SOUND_BLOCKS) * RAW,
    ),
  ];
  const last = track({ number: 4, mode: 'xa', start: XA_START, length: XA_BLOCKS }, 2, 0);
  const disc = buildDisc({
    ...{ format: 'test', name: 'sound disc', bases: sources, catalog: CATALOG, title: 'An album' },
    sessions: [
      { number: 1, tracks: pieces },
      { number: 2, tracks: [last], kind: 'xa' },
    ],
    ...facts,
  });
  return { disc, data, sound, xa, sources };
}

function xaSector(block: number, isForm2: boolean): Buffer {
  const sector = encodeSector(noise(COOKED, block), block, 'xa');
  if (!isForm2) return sector;
  const subheader = [0, 1, 0x64, 0];
  sector.set([...subheader, ...subheader], 16);
  sector.set(noise(2324, block), 24);
  // No code, which form 2 may do without.
  sector.fill(0, 2348);
  return sector;
}
