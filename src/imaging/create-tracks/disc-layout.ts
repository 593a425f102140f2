// What a CD in a drive has: sessions and tracks by its lead-in, pauses and indexes by subchannel Q, codes and CD-TEXT.
// Whatever the drive does not say is left out.
import { IsodriveError } from '../../base/error.js';
import { throwIfAborted } from '../../base/abortable.js';
import type { OpticalDrive } from '../../source/optical/optical-drive.js';
import { parseCode, parseLeadIn, parseQ } from './lead-in.js';
import type { PointedTrack, QPosition } from './lead-in.js';

export interface LaidTrack extends PointedTrack {
  readonly isData: boolean;
  /** Blocks of the pause before `start`. */
  readonly pregap: number;
  /** The block behind the last: where the pause of the next begins, or the lead-out. */
  readonly end: number;
  /** Blocks of index 2 and those behind it. */
  readonly indexes: readonly number[];
  readonly isrc?: string;
}

export interface DiscLayout {
  /** In order; at least one. */
  readonly tracks: readonly LaidTrack[];
  readonly catalog?: string;
  /** Packs of 18 bytes. */
  readonly cdText?: Uint8Array;
}

/** What is looked for by Q, less what has codes. */
type FindQ = (block: number) => Promise<QPosition | undefined>;

const DATA = 0x4;
/** Blocks tried for one position: in some a code stands in its place. */
const Q_BLOCKS = 4;
const HEADER = 4;
const PACK = 18;
const CATALOG_LENGTH = 13;
const RECORDING_CODE_LENGTH = 12;

/**
 * Rejects with `unsupported` for a disc without tracks that a lead-in names, `damaged` for tracks in no order, and
 * `cancelled`.
 */
export async function readDiscLayout(drive: OpticalDrive, signal?: AbortSignal): Promise<DiscLayout> {
  const leadIn = await orUndefined(drive.readLeadIn(2));
  const { tracks, leadOuts } = parseLeadIn(leadIn ?? new Uint8Array());
  const ends = tracks.map(({ session }) => leadOuts.get(session));
  if (tracks.length === 0 || ends.includes(undefined)) {
    const message = `Cannot read the tracks of "${drive.path}": its drive tells no lead-in, expected a CD`;
    throw new IsodriveError('unsupported', message, {
      action: 'Give the output a name that does not end in .cue',
    });
  }
  const findQ: FindQ = async (block) => {
    throwIfAborted(signal);
    // One at a time: drives refuse blocks of different kinds in a command.
    for (let i = 0; i < Q_BLOCKS; i += 1) {
      const bytes = await orUndefined(drive.readQ(block + i, 1));
      const found = bytes === undefined ? undefined : parseQ(bytes, block + i);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const pregaps: number[] = [];
  for (const [i, track] of tracks.entries()) pregaps.push(await findPregap(track, tracks[i - 1], findQ));
  const laid: LaidTrack[] = [];
  for (const [i, track] of tracks.entries()) {
    const next = tracks[i + 1];
    const end = next?.session === track.session ? next.start - pregaps[i + 1]! : leadOuts.get(track.session)!;
    const isInOrder = end > track.start && track.start - pregaps[i]! >= (laid.at(-1)?.end ?? 0);
    if (!isInOrder) throw disordered(drive, track);
    const isData = (track.control & DATA) !== 0;
    const code = isData ? undefined : await orUndefined(drive.readCode(3, track.number));
    const isrc = code === undefined ? undefined : parseCode(code, RECORDING_CODE_LENGTH);
    const indexes = isData ? [] : await findIndexes(track, end, findQ);
    laid.push({
      ...track,
      isData,
      pregap: pregaps[i]!,
      end,
      indexes,
      ...(isrc === undefined ? {} : { isrc }),
    });
  }
  const catalog = parseCode((await orUndefined(drive.readCode(2))) ?? new Uint8Array(), CATALOG_LENGTH);
  const cdText = findPacks((await orUndefined(drive.readLeadIn(5))) ?? new Uint8Array());
  return {
    tracks: laid,
    ...(catalog === undefined ? {} : { catalog }),
    ...(cdText === undefined ? {} : { cdText }),
  };
}

function disordered({ path }: OpticalDrive, { number, start }: PointedTrack): IsodriveError {
  const found = `its drive says that track ${number} begins at block ${start}`;
  const wanted = 'expected it behind the one before and before the lead-out';
  return new IsodriveError('damaged', `Cannot read the tracks of "${path}": ${found}, ${wanted}`, {
    at: { source: path },
  });
}

/** All that stands before the first track is its pause; of later sessions it is no part of what is read. */
async function findPregap(
  track: PointedTrack,
  before: PointedTrack | undefined,
  findQ: FindQ,
): Promise<number> {
  if (before === undefined) return Math.max(0, track.start);
  if (before.session !== track.session) return 0;
  const first = await findFirst(before.start, track.start, findQ, (q) => q.track >= track.number);
  return first === undefined ? 0 : track.start - first;
}

async function findIndexes(track: PointedTrack, end: number, findQ: FindQ): Promise<number[]> {
  const last = await findQ(Math.max(track.start, end - Q_BLOCKS));
  const indexes: number[] = [];
  if (last?.track !== track.number) return indexes;
  let from = track.start;
  for (let index = 2; index <= last.index; index += 1) {
    const first = await findFirst(from, end, findQ, (q) => q.track !== track.number || q.index >= index);
    if (first === undefined) return indexes;
    indexes.push(first);
    from = first;
  }
  return indexes;
}

/** The first block for which something is so that stays so to `end`; undefined where Q cannot be read. */
async function findFirst(
  start: number,
  end: number,
  findQ: FindQ,
  isSo: (q: QPosition) => boolean,
): Promise<number | undefined> {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const q = await findQ(middle);
    if (q === undefined) return undefined;
    if (isSo(q)) high = Math.min(middle, q.block);
    else low = Math.max(middle, q.block) + 1;
  }
  return Math.max(start, high);
}

function findPacks(answer: Uint8Array): Uint8Array | undefined {
  const length = Math.min(answer.length, ((answer[0] ?? 0) << 8) + (answer[1] ?? 0) + 2) - HEADER;
  return length < PACK ? undefined : answer.slice(HEADER, HEADER + length - (length % PACK));
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code === 'image-unreadable') return undefined;
    throw thrown;
  }
}
