// Finds everything that a disc shows: its file systems, its tracks, and the view of them that was asked for.
import { parse } from 'node:path';
import { IsodriveError } from '../base/error.js';
import type { FindingLog } from '../base/finding.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import type { DataStream } from '../disc/data-stream.js';
import { firstDataSector, hasData, leadOutOf } from '../disc/disc.js';
import type { Disc } from '../disc/disc.js';
import type { PlanStream } from '../disc/plan-stream.js';
import { STREAM } from '../disc/read-plan.js';
import { PAYLOAD_BYTES, RAW_SECTOR_SIZE } from '../disc/sector-parity.js';
import { chooseSession } from '../filesystem/choose/choose-session.js';
import { chooseTree } from '../filesystem/choose/choose-tree.js';
import { probeVolumes } from '../filesystem/choose/probe-volumes.js';
import type {
  LargeSectors,
  ProbeContext,
  SessionSummary,
  Volume,
} from '../filesystem/contract/file-system.js';
import { TREE_KINDS } from '../filesystem/contract/file-tree.js';
import type { FileTree, Timestamp, TreeKind } from '../filesystem/contract/file-tree.js';
import type { Partition } from '../filesystem/contract/partition.js';
import { completeSummary } from '../filesystem/contract/volume-summary.js';
import type { VolumeSummary } from '../filesystem/contract/volume-summary.js';
import { WorkBudget } from '../filesystem/contract/work-budget.js';
import { readPartitions } from '../filesystem/partition/read-partitions.js';
import { createAllViews } from '../filesystem/views/all-views.js';
import { findSessionViews } from '../filesystem/views/session-views.js';
import type { ViewValues } from '../options/view-options.js';

export interface FoundViews {
  /** Every view the disc holds, best first; those that are made of others are not among them. */
  readonly trees: readonly FileTree[];
  readonly shown: FileTree;
  readonly volume: VolumeSummary;
  readonly partitions: readonly Partition[];
  readonly sessions: readonly SessionSummary[];
  readonly session: SessionSummary | undefined;
  readonly work: WorkBudget;
}

export interface ViewSearch {
  /** Without sectors that are made. */
  readonly disc: Disc;
  /** Whole sectors, made ones among them, where a view is to have them. */
  readonly wholeSectors: PlanStream | undefined;
  /** The disc's data, cached. */
  readonly reader: DataStream;
  readonly options: Omit<ViewValues, 'map'>;
  readonly findings: FindingLog;
  readonly sourceName: string;
  readonly signal: AbortSignal | undefined;
}

/** Rejects with `unsupported`, `damaged`, `image-unreadable` or `cancelled`. */
export async function findViews(search: ViewSearch): Promise<FoundViews> {
  const { disc, reader, options, findings, sourceName, signal } = search;
  const { tree: wanted = 'auto' } = options;
  const first = firstDataSector(disc);
  const { charset } = options;
  const { sessions, chosen } = await chooseSession(reader, disc.sessions, 0, options.session, {
    charset,
    signal,
  });
  const report = findings.add.bind(findings);
  const partitions = await readPartitions(reader, report, signal);
  // Beside one another, each session has views of its own.
  const views = wanted === 'all' ? TREE_KINDS.length * Math.max(1, sessions.length) : 1;
  const work = new WorkBudget(disc.data.heldBytes, views);
  const context: ProbeContext = {
    work,
    ...{ report, signal, partitions },
    sessionStart: chosen?.descriptors ?? first,
    sessionEnd: chosen?.end,
    charset,
    showAssociated: options.associated ?? false,
    sectors: { shape: options.xa ?? 'cooked', holds: holdsSectors(disc) },
  };
  const volumes = hasData(disc) ? await probeIfPossible(search, context) : [];
  const volume = volumes.length === 0 ? summarizeSound(disc) : mergeSummaries(volumes);
  const tracks = await findTracks(search, volume);
  const trees = [...volumes.flatMap((one) => one.trees), ...(tracks === undefined ? [] : [tracks])];
  if (trees.length === 0 && wanted !== 'image') throw refuseEmpty(sourceName);
  const found = { trees, volume, partitions, sessions, session: chosen, work };
  return { ...found, shown: await showView(search, found, context, wanted) };
}

/** Its files are whole sectors: what has none does not pay for the view. */
async function findTracks(
  { disc, options, sourceName }: ViewSearch,
  volume: VolumeSummary,
): Promise<FileTree | undefined> {
  if (disc.raw === undefined) return undefined;
  const { createTracksTree } = await import('../filesystem/views/tracks/tracks-tree.js');
  const naming = options.trackNames ?? 'number';
  return createTracksTree(disc, { naming, modified: modifiedOf(volume), sourceName });
}

async function showView(
  search: ViewSearch,
  { trees, volume, sessions, session }: Omit<FoundViews, 'shown'>,
  context: ProbeContext,
  wanted: TreeKind | 'auto',
): Promise<FileTree> {
  const { disc, wholeSectors, reader, findings, sourceName, signal } = search;
  if (wanted !== 'image' && wanted !== 'all') return chooseTree(trees, wanted, findings, sourceName, signal);
  const { createImageTree } = await import('../filesystem/views/image/image-tree.js');
  const image = createImageTree(disc, {
    name: parse(sourceName).name,
    wholeSectors,
    label: trees[0]?.label ?? '',
    modified: modifiedOf(volume),
    sourceName,
  });
  if (wanted === 'image') return image;
  const others = sessions.filter((one) => one !== session);
  // Of a plain image, the disc in other forms is nothing that anybody would look for.
  const isOfTracks = disc.raw !== undefined || disc.sessions.some(({ tracks }) => tracks.length > 1);
  const own = isOfTracks ? [...trees, image] : trees;
  const groups = [{ path: [], trees: own }, ...(await findSessionViews(reader, others, context))];
  return createAllViews(reader, { groups, volume, partitions: context.partitions ?? [] }, context);
}

/** What is wrong with file systems costs sound nothing, nor the disc as a whole. */
async function probeIfPossible(
  { disc, reader, sourceName, options }: ViewSearch,
  context: ProbeContext,
): Promise<Volume[]> {
  // Without any whole sector there is no sound to be shown.
  const hasSound =
    disc.raw !== undefined && disc.sessions.some(({ tracks }) => tracks.some(({ mode }) => mode === 'audio'));
  try {
    return await probeVolumes(reader, context);
  } catch (thrown) {
    const isNeeded = !hasSound && options.tree !== 'image';
    if (isNeeded || !(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    const { code, message, at = { source: sourceName } } = thrown;
    const severity = code === 'unsupported' ? 'note' : 'damage';
    context.report({ code: 'no-file-system', severity, message, at });
    return [];
  }
}

function refuseEmpty(sourceName: string): IsodriveError {
  const found = 'its files hold no sector of its sound, expected data or sound that can be shown';
  return new IsodriveError('damaged', `Cannot read "${sourceName}": ${found}`, {
    at: { source: sourceName },
    action: 'See that all files of the image are there and whole',
  });
}

const SECTOR_BYTES = new Map<number, number>([
  [STREAM.raw, RAW_SECTOR_SIZE],
  [STREAM.payload, PAYLOAD_BYTES],
]);

/** Whether the image holds all of some sectors. */
function holdsSectors({ raw, payload }: Disc): LargeSectors['holds'] {
  return (stream, block, count) => {
    const unit = SECTOR_BYTES.get(stream) ?? SECTOR_SIZE;
    const found = stream === STREAM.raw ? raw : payload;
    return found?.holds(block * unit, count * unit) === true;
  };
}

function modifiedOf({ modified, created }: VolumeSummary): Timestamp {
  return modified ?? created ?? { seconds: 0, microseconds: 0 };
}

function summarizeSound(disc: Disc): VolumeSummary {
  const size = leadOutOf(disc) * RAW_SECTOR_SIZE;
  return completeSummary({ volumeId: disc.title ?? '', blockSize: SECTOR_SIZE, size });
}

/** The first volume's facts, and what a UDF volume beside it says of itself: Windows would show that one. */
function mergeSummaries(volumes: readonly Volume[]): VolumeSummary {
  const { summary } = volumes[0]!;
  const beside = volumes.map((volume) => volume.summary).find(({ udf }) => udf !== undefined);
  if (beside?.udf === undefined) return summary;
  const { udf, windows } = beside;
  return { ...summary, udf, ...(windows === undefined ? {} : { windows }) };
}
