// A disc with tracks, and how programs store its sectors: what builders of descriptors (nrg, mds, cdi, b6t) write, and
// what tests compare with.
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { buildIso } from './iso-builder.js';
import { encodeXaSector } from './raw-sectors.js';
import { encodeMode1Sector } from '../../../src/disc/sector-code.js';

export interface ModelTrack {
  readonly mode: 'audio' | 'mode1' | 'xa';
  /** User data of 2048 bytes a sector, or samples of 2352. */
  readonly content: Buffer;
  /** Sectors of the pause before it. */
  readonly pregap: number;
  readonly isrc?: string;
  /** Sectors from its start to index 2. */
  readonly index2?: number;
}

export interface PlacedTrack extends ModelTrack {
  readonly number: number;
  /** Of its session, from 1. */
  readonly session: number;
  readonly start: number;
  readonly length: number;
}

export interface ModelDisc {
  readonly tracks: readonly PlacedTrack[];
  readonly sessions: number;
  readonly catalog: string;
}

/** How the sectors of a track are stored. */
export interface StoredAs {
  readonly bytes: 2048 | 2336 | 2352;
  readonly subchannel: 0 | 16 | 96;
}

export const CATALOG = '4988005012340';
export const RAW: StoredAs = { bytes: 2352, subchannel: 0 };

/** Sectors of a track. */
export function lengthOf({ mode, content }: ModelTrack): number {
  return content.length / (mode === 'audio' ? 2352 : 2048);
}

/** Puts tracks of sessions at their addresses. */
export function placeTracks(sessions: readonly (readonly ModelTrack[])[]): ModelDisc {
  const tracks: PlacedTrack[] = [];
  let end = -150;
  for (const [i, session] of sessions.entries()) {
    for (const [j, track] of session.entries()) {
      const gap = i > 0 && j === 0 ? 11_400 : track.pregap;
      const placed = { start: end + gap, length: lengthOf(track), number: tracks.length + 1, session: i + 1 };
      tracks.push({ ...track, ...placed });
      end = placed.start + placed.length;
    }
  }
  return { tracks, sessions: sessions.length, catalog: CATALOG };
}

/** Whole sectors, or less of them, from `start` on. */
export function storeSectors(
  { mode, content }: Pick<ModelTrack, 'mode' | 'content'>,
  start: number,
  { bytes, subchannel }: StoredAs,
): Buffer {
  const unit = mode === 'audio' ? 2352 : 2048;
  const count = content.length / unit;
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => {
      const own = content.subarray(i * unit, (i + 1) * unit);
      return Buffer.concat([
        storeSector(mode, own, start + i, bytes),
        Buffer.alloc(subchannel, (start + i) & 0xff),
      ]);
    }),
  );
}

function storeSector(mode: ModelTrack['mode'], own: Buffer, block: number, bytes: StoredAs['bytes']): Buffer {
  if (mode === 'audio' || bytes === 2048) return own;
  const whole = mode === 'mode1' ? encodeMode1Sector(own, block) : encodeXaSector(own, block);
  return Buffer.from(bytes === 2336 ? whole.subarray(16) : whole);
}

/** The pause before a track: silence, or empty sectors of its mode. */
export function storePause(track: PlacedTrack, sectors: number, stored: StoredAs): Buffer {
  const content = Buffer.alloc(sectors * (track.mode === 'audio' ? 2352 : 2048));
  return storeSectors({ mode: track.mode, content }, track.start - sectors, stored);
}

/** Samples that are no silence, the same for the same seed. */
export function samples(sectors: number, seed: number): Buffer {
  const words = new Uint32Array((sectors * 2352) / 4);
  new PseudoRandom(seed).fill(words);
  return Buffer.from(words.buffer);
}

/** A small volume with one file, F, in whole sectors. */
export function smallVolume(): Buffer {
  return Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
}

/** Data, and sound of two tracks behind it, the second with a pause, a recording code and an index 2. */
export function mixedDisc(mode: 'mode1' | 'xa' = 'mode1'): ModelDisc {
  return placeTracks([
    [
      { mode, content: smallVolume(), pregap: 150 },
      { mode: 'audio', content: samples(20, 1), pregap: 10 },
      { mode: 'audio', content: samples(30, 2), pregap: 15, isrc: 'JPB600012345', index2: 12 },
    ],
  ]);
}

/** Sound in the first session, data in the second. */
export function enhancedDisc(): ModelDisc {
  return placeTracks([
    [
      { mode: 'audio', content: samples(12, 3), pregap: 150 },
      { mode: 'audio', content: samples(14, 4), pregap: 0 },
    ],
    [{ mode: 'xa', content: smallVolume(), pregap: 150 }],
  ]);
}
