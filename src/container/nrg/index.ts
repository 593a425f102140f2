// Images of Nero Burning ROM (.nrg): the sectors of all tracks, and behind them a list of chunks that describes them.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Disc } from '../../disc/disc.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import { buildDisc } from '../build-disc.js';
import type { Container } from '../format.js';
import { layOutTracks } from '../lay-out-tracks.js';
import { parseCatalog } from '../track-codes.js';
import { parseNrg } from './parse.js';
import type { NrgFacts } from './parse.js';
import { placeSessions } from './sessions.js';

/** Longest list of chunks; that of 99 tracks with CD-TEXT has less than 64 KiB. */
const MAX_LIST_BYTES = 1_048_576;
const TAIL_BYTES = 12;
/** Bits of MTYP: CD, DDCD and CD-ROM; DVD of any kind. */
const CD_BITS = 0x0000_0403;
const DVD_BITS = 0x000c_021c;

export const nrgFormat: Container = {
  kind: 'container',
  name: 'nrg',
  title: 'an image of Nero',

  async probe({ main }, _marks, signal) {
    return (await findList(main, signal)) === undefined ? 0 : 3;
  },

  async open({ main }, signal) {
    const list = await findList(main, signal);
    if (list === undefined) throw refuseList(main, 'no list of chunks');
    return createDisc(main, await readFacts(main, list, signal), signal);
  },
};

interface ChunkList {
  readonly offset: number;
  /** Byte behind it. */
  readonly end: number;
  /** Version 1. */
  readonly isOld: boolean;
}

/** Where the end of the file says that the list begins. */
async function findList(source: ByteSource, signal: AbortSignal | undefined): Promise<ChunkList | undefined> {
  const from = Math.max(0, source.size - TAIL_BYTES);
  const tail = new ByteCursor(await readAtMost(source, from, TAIL_BYTES, signal), source.name, from);
  if (tail.length < TAIL_BYTES) return undefined;
  if (tail.text(0, 4) === 'NER5') {
    return { offset: tail.u64be(4), end: source.size - TAIL_BYTES, isOld: false };
  }
  return tail.text(4, 4) === 'NERO'
    ? { offset: tail.u32be(8), end: source.size - 8, isOld: true }
    : undefined;
}

async function readFacts(
  source: ByteSource,
  { offset, end, isOld }: ChunkList,
  signal: AbortSignal | undefined,
): Promise<NrgFacts> {
  if (offset >= end) throw refuseList(source, `a list of chunks at byte ${offset}`);
  const length = Math.min(end - offset, MAX_LIST_BYTES);
  const bytes = await readExactly(source, offset, length, 'the list of chunks', signal);
  return parseNrg(bytes, source.name, offset, isOld);
}

async function createDisc(
  source: ByteSource,
  facts: NrgFacts,
  signal: AbortSignal | undefined,
): Promise<Disc> {
  const { name } = source;
  const sessions = placeSessions(facts, name);
  const bases = [source];
  const declared = sessions.flatMap(({ tracks }) => tracks);
  const { tracks, findings, storage } = await layOutTracks(name, declared, bases, signal);
  const medium = mediumOf(facts);
  const catalog = facts.groups.map((group) => parseCatalog(group.catalog)).find((one) => one !== undefined);
  const { cdText } = facts;
  let first = 0;
  return buildDisc({
    format: nrgFormat.name,
    ...{ name, bases, storage, findings },
    ...(medium === undefined ? {} : { medium }),
    ...(catalog === undefined ? {} : { catalog }),
    ...(cdText === undefined ? {} : { cdText }),
    sessions: sessions.map((session, i) => ({
      ...session,
      number: i + 1,
      tracks: tracks.slice(first, (first += session.tracks.length)),
    })),
  });
}

/** Undefined for Blu-ray and others, and where the image does not say. */
function mediumOf({ medium = 0 }: NrgFacts): 'cd' | 'dvd' | undefined {
  if ((medium & CD_BITS) !== 0) return 'cd';
  return (medium & DVD_BITS) !== 0 ? 'dvd' : undefined;
}

function refuseList({ name, size }: ByteSource, found: string): IsodriveError {
  const message = `Cannot open "${name}": found ${found}, expected one of Nero before its end at byte ${size}`;
  return new IsodriveError('damaged', message, {
    at: { source: name },
    action: 'Fetch the image again: it is not whole',
  });
}
