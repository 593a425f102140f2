// Finds the writing sessions of a disc by their volume descriptors. Each session has a set of its own, 16 sectors
// behind its start, whose addresses count from the start of the disc. Media that can be written over (growisofs,
// libisofs) have the newest set at sector 16 as well, and the first session's at sector 32 + 16.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { SessionContext, SessionSummary } from '../contract/file-system.js';
import { parseMasterBootRecord } from '../partition/master-boot-record.js';
import { PARTITION_SECTOR } from '../contract/partition.js';
import { MIN_RECORD_BYTES, RECORD, isDotRecord } from './directory-record.js';
import { NameCharset } from '../../base/name-charset.js';
import { FIRST_SECTOR } from './volume-descriptor-set.js';
import { DESCRIPTOR_BYTES, parseVolumeDescriptor } from './volume-descriptor.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** Sessions of one disc; a CD has room for 46 at most, on other media more are thinkable and none is known. */
export const MAX_SESSIONS = 200;
/**
 * Start of the first session on media that can be written over (libisofs, doc/checksums.txt), and behind the start of a
 * partition that has descriptors of its own (xorriso, partition_offset).
 */
const OVERWRITABLE_START = 32;
/** Sectors behind a session in which the next may start: padding, run-out, alignment to a link block. */
const SEARCH_SECTORS = 544;
/** Sectors of lead-out and lead-in between the sessions of a CD: 11,400 behind the first, then 6900 (Orange Book). */
const CD_GAPS = [11_400, 6900];
/** Sectors looked at around such a gap. */
const GAP_TOLERANCE = 32;
const PRIMARY_START = '\x01CD001\x01';

interface Search {
  /** Of labels that are no UTF-8. */
  readonly charset: NameCharset | undefined;
  readonly signal: AbortSignal | undefined;
}

interface Found {
  readonly start: number;
  readonly descriptor: VolumeDescriptor;
}

/** See FileSystem.findSessions. */
export async function findIsoSessions(
  reader: DataStream,
  first: number,
  { charset, signal }: SessionContext = {},
): Promise<readonly SessionSummary[]> {
  const search = { charset: charset === undefined ? undefined : new NameCharset(charset), signal };
  const newest = await readDescriptor(reader, first, search);
  if (newest === undefined) return [];
  const overwritable = await findOverwritable(reader, first, search);
  const found: Found[] = [overwritable ?? { start: first, descriptor: newest }];
  while (found.length < MAX_SESSIONS) {
    const next = await findNext(reader, found.at(-1)!, search);
    if (next === undefined) break;
    found.push(next);
  }
  const sessions = found.map(summarize);
  if (overwritable === undefined) return sessions;
  // The set at the very start belongs to the last session, or to one that was not found.
  const last = sessions.at(-1)!;
  if (found.at(-1)!.descriptor.rootOffset === newest.rootOffset) {
    return [...sessions.slice(0, -1), { ...last, descriptors: first }];
  }
  const { start, descriptor } = { start: first, descriptor: newest };
  return [...sessions, { ...summarize({ start, descriptor }, sessions.length) }];
}

/** The first session of media that can be written over. */
async function findOverwritable(
  reader: DataStream,
  first: number,
  search: Search,
): Promise<Found | undefined> {
  const record = await readIfGood(reader, first * DESCRIPTOR_BYTES, PARTITION_SECTOR, search.signal);
  const partitions = parseMasterBootRecord(new ByteCursor(record, reader.name, first * DESCRIPTOR_BYTES));
  for (const offset of new Set([0, ...partitions.map(({ start }) => start / DESCRIPTOR_BYTES)])) {
    const start = first + OVERWRITABLE_START + offset;
    const found = Number.isInteger(start) ? await readSession(reader, start, first, search) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function summarize({ start, descriptor }: Found, index: number): SessionSummary {
  const { volumeBlocks, blockSize, volumeId, created } = descriptor;
  const length = Math.ceil((volumeBlocks * blockSize) / DESCRIPTOR_BYTES);
  return { number: index + 1, start, descriptors: start, length, label: volumeId, created };
}

/** The session behind another one. */
async function findNext(
  reader: DataStream,
  { start, descriptor }: Found,
  search: Search,
): Promise<Found | undefined> {
  const length = Math.ceil((descriptor.volumeBlocks * descriptor.blockSize) / DESCRIPTOR_BYTES);
  const end = start + length;
  const ranges: [number, number][] = [[end, SEARCH_SECTORS]];
  for (const gap of CD_GAPS) ranges.push([end + gap - GAP_TOLERANCE, 2 * GAP_TOLERANCE]);
  for (const [from, count] of ranges) {
    for (const candidate of await findCandidates(reader, from, count, search.signal)) {
      const found = await readSession(reader, candidate, start, search);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Starts from sector `from` on, below `from + count`, behind which a primary descriptor stands. */
async function findCandidates(
  reader: DataStream,
  from: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const position = (from + FIRST_SECTOR) * DESCRIPTOR_BYTES;
  if (position + DESCRIPTOR_BYTES > reader.size) return [];
  const bytes = Buffer.from(await readIfGood(reader, position, count * DESCRIPTOR_BYTES, signal));
  const starts: number[] = [];
  for (let at = 0; at + DESCRIPTOR_BYTES <= bytes.length; at += DESCRIPTOR_BYTES) {
    if (bytes.toString('latin1', at, at + PRIMARY_START.length) === PRIMARY_START) {
      starts.push(from + at / DESCRIPTOR_BYTES);
    }
  }
  return starts;
}

/**
 * The session that starts at a sector, if its root lies behind that and says so itself. An image that is a file on the
 * disc has descriptors too, but its addresses count from its own start, so that its root is not where they say.
 */
async function readSession(
  reader: DataStream,
  start: number,
  previous: number,
  search: Search,
): Promise<Found | undefined> {
  const descriptor = await readDescriptor(reader, start, search);
  if (descriptor === undefined || start <= previous) return undefined;
  const { rootOffset, blockSize } = descriptor;
  if (rootOffset < (start + FIRST_SECTOR) * DESCRIPTOR_BYTES) return undefined;
  const bytes = await readIfGood(reader, rootOffset, MIN_RECORD_BYTES, search.signal);
  if (bytes.length < MIN_RECORD_BYTES) return undefined;
  const root = new ByteCursor(bytes, reader.name, rootOffset);
  if (!isDotRecord(root) || root.u8(RECORD.name) !== 0) return undefined;
  const extent = root.u32le(RECORD.extent) + root.u8(RECORD.extendedAttributes);
  return extent * blockSize === rootOffset ? { start, descriptor } : undefined;
}

/** The primary descriptor of the session that starts at a sector. */
async function readDescriptor(
  reader: DataStream,
  start: number,
  search: Search,
): Promise<VolumeDescriptor | undefined> {
  const offset = (start + FIRST_SECTOR) * DESCRIPTOR_BYTES;
  const bytes = await readIfGood(reader, offset, DESCRIPTOR_BYTES, search.signal);
  if (bytes.length < DESCRIPTOR_BYTES) return undefined;
  if (Buffer.from(bytes.subarray(0, 7)).toString('latin1') !== PRIMARY_START) return undefined;
  try {
    return parseVolumeDescriptor(bytes, reader.name, offset, search.charset);
  } catch (thrown) {
    if (thrown instanceof IsodriveError) return undefined;
    throw thrown;
  }
}

/** No bytes where the medium is bad: a disc with one session must not be lost for a sector behind it. */
async function readIfGood(
  reader: DataStream,
  position: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return await readAtMost(reader, position, length, signal);
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code !== 'cancelled') return new Uint8Array();
    throw thrown;
  }
}
