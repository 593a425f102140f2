// What every container with tracks must do: give the tracks that it describes, their user data and their sound, and
// survive files that are cut or lie.
import { expect } from 'vitest';
import { IsodriveError } from '../../src/base/error.js';
import { openDisc } from '../../src/container/open-container.js';
import type { Disc } from '../../src/disc/disc.js';
import { volumeMarks } from '../../src/filesystem/choose/volume-marks.js';
import { PseudoRandom } from '../../scripts/support/pseudo-random.js';
import type { ModelDisc, PlacedTrack } from '../support/builders/disc-model.js';
import { openMemory } from '../support/builders/memory-folder.js';
import type { MemoryFiles } from '../support/builders/memory-folder.js';

export interface ContainerCase {
  readonly name: string;
  readonly disc: ModelDisc;
  /** The first is the one that is opened. */
  readonly files: MemoryFiles;
  /** What of it describes the disc: name of the file and first byte. */
  readonly descriptor: { readonly file: string; readonly from: number };
  /** Whole sectors are stored, so that they can be compared. */
  readonly isRaw: boolean;
  /** What the format says beside where the tracks are. */
  readonly tells: readonly ('catalog' | 'isrc' | 'index2' | 'pregap')[];
}

/** Descriptors changed in one byte that are opened. */
const FLIPS = 150;
/** A descriptor that lies may have us read sectors of each track, and no more. */
const MAX_READS = 3000;

export async function openFiles(files: MemoryFiles, mainName?: string): Promise<Disc> {
  return (await openDisc(openMemory(files, mainName), volumeMarks)).disc;
}

export async function checkTracks({ disc, files, tells }: ContainerCase): Promise<void> {
  const opened = await openFiles(files);
  expect(opened.sessions.map(({ number }) => number)).toEqual(
    Array.from({ length: disc.sessions }, (_, i) => i + 1),
  );
  for (const session of opened.sessions) {
    const own = disc.tracks.filter((track) => track.session === session.number);
    expect(session.tracks.map(({ number }) => number)).toEqual(own.map(({ number }) => number));
    for (const [i, track] of session.tracks.entries()) expect(track).toMatchObject(factsOf(own[i]!, tells));
  }
  if (tells.includes('catalog')) expect(opened.catalog).toBe(disc.catalog);
  expect(opened.findings ?? []).toEqual([]);
}

function factsOf(track: PlacedTrack, tells: ContainerCase['tells']): object {
  const { mode, start, length, pregap, isrc, index2 } = track;
  return {
    ...{ mode, start, length },
    ...(tells.includes('pregap') && pregap > 0 ? { pregap } : {}),
    ...(tells.includes('isrc') && isrc !== undefined ? { isrc } : {}),
    ...(tells.includes('index2') && index2 !== undefined ? { indexes: [start + index2] } : {}),
  };
}

/** User data of each data track, and the samples of each sound track. */
export async function checkContent({ disc, files, isRaw }: ContainerCase): Promise<void> {
  const opened = await openFiles(files);
  for (const { mode, start, content } of disc.tracks) {
    const isSound = mode === 'audio';
    if (isSound && !isRaw) continue;
    const stream = isSound ? opened.raw! : opened.data;
    const bytes = Buffer.alloc(content.length);
    expect(await stream.read(bytes, start * (isSound ? 2352 : 2048))).toBe(content.length);
    expect(bytes.equals(content)).toBe(true);
  }
}

/** Each file cut at several places: refused with a reason, or opened with right bytes where they are. */
export async function checkCut(one: ContainerCase): Promise<void> {
  for (const [name, bytes] of Object.entries(one.files)) {
    for (const part of [0, 0.1, 0.5, 0.9, 0.999]) {
      const files = { ...one.files, [name]: bytes.subarray(0, Math.floor(bytes.length * part)) };
      await checkSurvives(files, one.disc);
    }
  }
}

export async function checkFlips(one: ContainerCase): Promise<void> {
  const { file, from } = one.descriptor;
  const random = new PseudoRandom(17);
  for (let i = 0; i < FLIPS; i += 1) {
    const bytes = Buffer.from(one.files[file]!);
    const at = random.between(from, bytes.length - 1);
    bytes[at] = i % 3 === 0 ? 0xff : bytes[at]! ^ (1 << random.between(0, 7));
    await checkSurvives({ ...one.files, [file]: bytes });
  }
}

/** `disc`: what its first data track must hold where it can be read. */
async function checkSurvives(files: MemoryFiles, disc?: ModelDisc): Promise<void> {
  const memory = openMemory(files);
  try {
    const { disc: opened } = await openDisc(memory, volumeMarks);
    expect(opened.findings?.every(({ message }) => !/undefined|NaN/.test(message)) ?? true).toBe(true);
    const track = disc?.tracks.find(({ mode }) => mode !== 'audio');
    for (const { start } of opened.sessions.flatMap(({ tracks }) => tracks)) {
      const sector = Buffer.alloc(2048);
      const got = await opened.data.read(sector, start * 2048).catch(refusal);
      const isSame = track?.start === start && opened.format !== 'iso' && opened.format !== 'raw';
      if (isSame && got === 2048) expect(sector.equals(track.content.subarray(0, 2048))).toBe(true);
    }
  } catch (thrown) {
    refusal(thrown);
  }
  const sources = [memory.main, ...memory.beside.map(({ source }) => source)];
  const reads = sources.map((source) => (source as unknown as { reads: unknown[] }).reads.length);
  expect(reads.reduce((sum, count) => sum + count, 0)).toBeLessThan(MAX_READS);
}

function refusal(thrown: unknown): undefined {
  if (!(thrown instanceof IsodriveError) || thrown.code === 'internal') throw thrown;
  expect(thrown.message).not.toMatch(/undefined|NaN|\[object/);
  return undefined;
}
