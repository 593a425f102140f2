// Finds the writing sessions of a disc that was written in UDF alone. Each has a recognition sequence 16 sectors and an
// anchor 256 sectors behind its start (UDF 6.10); on write-once media each ends with a virtual allocation table.
import { IsodriveError } from '../../base/error.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { SessionContext, SessionSummary } from '../contract/file-system.js';
import type { Anchor } from './anchor.js';
import { MAX_SESSION_SECTORS, SESSION_STEP, readSessionAnchor } from './anchor.js';
import { readRecognitionSequence } from './recognition-sequence.js';
import { UdfFindings } from './udf-findings.js';
import type { VolumeDescriptors } from './volume-descriptor-sequence.js';
import { findLastTable } from './virtual-allocation-table.js';
import { readVolumeDescriptorSequence } from './volume-descriptor-sequence.js';

/** Sessions of one disc, as of ISO 9660. */
export const MAX_SESSIONS = 200;

interface Found {
  readonly start: number;
  readonly descriptors: VolumeDescriptors;
}

/**
 * See FileSystem.findSessions. Only a disc whose last virtual allocation table belongs to another session than the
 * first is searched: its partitions reach to the end of the medium, and say nothing of where the next session starts.
 */
export async function findUdfSessions(
  reader: DataStream,
  first: number,
  { signal }: SessionContext = {},
): Promise<readonly SessionSummary[]> {
  // First: an anchor lies far from the start, and a bad sector there is nothing to whoever has a disc without UDF.
  if ((await forgive(() => readRecognitionSequence(reader, first, signal))) === undefined) return [];
  const session = await readSession(reader, first, signal);
  if (session === undefined) return [];
  const found = [session];
  if (await hasLaterTable(reader, session, signal)) {
    const end = Math.min(sectorsOf(reader), first + MAX_SESSION_SECTORS);
    for (
      let start = first + SESSION_STEP;
      start < end && found.length < MAX_SESSIONS;
      start += SESSION_STEP
    ) {
      const next = await readSession(reader, start, signal);
      if (next !== undefined) found.push(next);
    }
  }
  return found.map(({ start, descriptors }, index) => {
    const end = found[index + 1]?.start ?? sectorsOf(reader);
    const { logical, primary } = descriptors;
    const facts = { label: logical.label, created: primary?.recorded };
    return { number: index + 1, start, descriptors: start, end, length: end - start, ...facts };
  });
}

/** The table at the end says by its tag in which block of its partition it stands, and so where that starts. */
async function hasLaterTable(
  reader: DataStream,
  { descriptors }: Found,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { logical, partitions } = descriptors;
  const map = logical.maps.find(({ kind }) => kind === 'virtual');
  const partition = partitions.find(({ number }) => number === map?.number);
  if (partition === undefined) return false;
  const table = await findLastTable(reader, SECTOR_SIZE, sectorsOf(reader), signal);
  return table !== undefined && table.sector - table.block > partition.start;
}

/** Undefined where none starts; sessions are known of discs with sectors of 2048 bytes only. */
function readSession(
  reader: DataStream,
  start: number,
  signal: AbortSignal | undefined,
): Promise<Found | undefined> {
  return forgive(async () => {
    const anchor = await readSessionAnchor(reader, start, signal);
    if (anchor === undefined || !isOwn(anchor, start)) return undefined;
    if ((await readRecognitionSequence(reader, start, signal)) === undefined) return undefined;
    const findings = new UdfFindings(reader);
    return { start, descriptors: await readVolumeDescriptorSequence(reader, anchor, findings, signal) };
  });
}

/** What `look` gives; undefined for what is damaged or cannot be read. */
async function forgive<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await look();
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code !== 'cancelled') return undefined;
    throw thrown;
  }
}

/** An image that is a file on the disc has anchors too, but its addresses count from its own start. */
function isOwn({ main }: Anchor, start: number): boolean {
  return main.sector >= start;
}

function sectorsOf(reader: DataStream): number {
  return Math.floor(reader.size / SECTOR_SIZE);
}
