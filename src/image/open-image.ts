// Opens an image from path to lazy index: the whole flow in one call, for presenters, mounts and the daemon.
import { IsodriveError } from '../base/error.js';
import { FindingLog } from '../base/finding.js';
import { openDisc } from '../container/open-container.js';
import { CachedStream } from '../disc/cached-stream.js';
import { firstDataSector } from '../disc/disc.js';
import type { Disc } from '../disc/disc.js';
import { DiscStreams } from '../disc/disc-streams.js';
import { linearSubchannel } from '../disc/linear-subchannel.js';
import { completeRaw } from '../disc/made-sectors.js';
import type { PlanStream } from '../disc/plan-stream.js';
import { probedData } from '../disc/probed-data.js';
import { shiftDisc } from '../disc/shift-disc.js';
import { SECTOR_SIZE } from '../disc/data-stream.js';
import { volumeMarks } from '../filesystem/choose/volume-marks.js';
import type { SessionSummary } from '../filesystem/contract/file-system.js';
import type { FileTree } from '../filesystem/contract/file-tree.js';
import type { Partition } from '../filesystem/contract/partition.js';
import { WineTree } from '../filesystem/views/wine-tree.js';
import type { VolumeSummary } from '../filesystem/contract/volume-summary.js';
import type { ByteSource } from '../source/byte-source.js';
import { OpenedFiles } from '../source/image-files.js';
import { openImageDescriptors, openImageFile } from '../source/open-image-file.js';
import type { ImageDescriptors } from '../source/open-image-file.js';
import type { RescueMap } from '../source/rescue-map/rescue-map.js';
import type { ShownValues } from '../options/mount-options.js';
import type { ViewValues } from '../options/view-options.js';
import { DiscIndex } from '../index/disc-index.js';
import type { IndexBudget } from '../index/index-budget.js';
import type { IndexMemory } from '../index/index-memory.js';
import { PlainIndexMemory } from '../index/index-memory.js';
import { writePlan } from '../index/plan-section.js';
import { findViews } from './find-views.js';

/** What the options of a view are is said in their table. `wine`: adds the two files by which Wine knows a disc. */
export interface OpenImageOptions extends Omit<ViewValues, 'map'>, Pick<ShownValues, 'wine'> {
  /** Where the index lives; memory of this process where absent. */
  readonly memory?: IndexMemory;
  /** `memory` holds the index already, filled by a process that died. */
  readonly isAdopted?: boolean;
  /** Bytes of metadata kept in memory while directories are read. */
  readonly cacheBytes?: number;
  /** Map of what was read when the image was made, or the path of its file; one beside the image where absent. */
  readonly map?: RescueMap | string | undefined;
  /** What its caller has opened: the path then is only its name. They stay the caller's. */
  readonly descriptors?: ImageDescriptors | undefined;
  /** Bounds the memory of the index. */
  readonly budget?: IndexBudget | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image ready to be listed. Disposing closes the source. */
export interface OpenedImage extends AsyncDisposable {
  /** Its files, all of them open. */
  readonly files: OpenedFiles;
  /** The image's bytes, uncached: those of its main file, or what filters have made of it. */
  readonly source: ByteSource;
  /** User data of the disc, uncached: places in the index count in it. */
  readonly data: PlanStream;
  /** All streams that files are made of. */
  readonly streams: DiscStreams;
  readonly disc: Disc;
  /** Every view the disc holds, best first; `all`, which is made of these, is not among them. */
  readonly trees: readonly FileTree[];
  /** The chosen view, which `index` shows. */
  readonly tree: FileTree;
  readonly index: DiscIndex;
  /** What the descriptors of the first volume say, boot entries included. */
  readonly volume: VolumeSummary;
  /** Of every table on the disc; they may overlap. */
  readonly partitions: readonly Partition[];
  /** Every session that was found, in the order of the disc. */
  readonly sessions: readonly SessionSummary[];
  /** The one that is shown; undefined where the format has none. */
  readonly session: SessionSummary | undefined;
  readonly findings: FindingLog;
  /** Says what of the image could not be read when it was made; absent when all of it was. */
  readonly damage: RescueMap | undefined;
  /** Lets go of cached metadata: to be called when the whole tree is in the index. */
  releaseCache(): void;
}

/**
 * Rejects with `image-not-found`, `permission`, `image-unreadable`, `unsupported`, `damaged`, `quota` or `cancelled`;
 * nothing stays open then.
 */
export async function openImage(path: string, options: OpenImageOptions = {}): Promise<OpenedImage> {
  const { descriptors, map, signal } = options;
  const { files, damage } =
    descriptors === undefined
      ? await openImageFile(path, map, signal)
      : await openImageDescriptors(path, descriptors, signal);
  return openFiles(files, damage, options);
}

/** Like openImage, for bytes that are no file; takes ownership of the source. `damage`: what of them was not read. */
export function openSource(
  source: ByteSource,
  options: OpenImageOptions = {},
  damage?: RescueMap,
): Promise<OpenedImage> {
  return openFiles(new OpenedFiles(source), damage, options);
}

/** Like openImage, for files that are open. Takes ownership of them. */
export async function openFiles(
  files: OpenedFiles,
  damage: RescueMap | undefined,
  options: OpenImageOptions,
): Promise<OpenedImage> {
  try {
    return await openVolume(files, damage, options);
  } catch (thrown) {
    await files[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function openVolume(
  files: OpenedFiles,
  damage: RescueMap | undefined,
  options: OpenImageOptions,
): Promise<OpenedImage> {
  const { disc, source } = await openDisc(files, volumeMarks, options.signal);
  return showDisc({ files, source, disc, damage }, options);
}

/** As openImage, of a disc that is open; takes ownership of the files when it resolves. */
export async function showDisc(
  { files, source, disc, damage }: Pick<OpenedImage, 'files' | 'source' | 'disc' | 'damage'>,
  options: OpenImageOptions = {},
): Promise<OpenedImage> {
  const { signal } = options;
  const findings = new FindingLog();
  for (const finding of disc.findings ?? []) findings.add(finding);
  if (disc.sessions.every(({ tracks }) => tracks.length === 0)) throw refuseTracklessDisc(source.name);
  const shifted = shiftDisc(disc, options.sectorOffset ?? 0);
  const isMade = options.tree === 'image' || options.tree === 'all';
  const wholeSectors = isMade ? completeRaw(shifted) : undefined;
  const streams = new DiscStreams(isMade ? withMade(shifted, wholeSectors) : shifted);
  const { data } = streams;
  const reader = new CachedStream(probedData(shifted), options.cacheBytes);
  const sourceName = source.name;
  const search = { disc: shifted, wholeSectors, reader, options, findings, sourceName, signal };
  const { trees, shown, volume, partitions, sessions, session, work } = await findViews(search);
  const identity = volume.windows ?? { label: shown.label, serial: 0 };
  const tree = options.wine === true ? new WineTree(shown, identity) : shown;
  const memory: IndexMemory = options.memory ?? new PlainIndexMemory();
  const imageStart = firstDataSector(shifted) * SECTOR_SIZE;
  const bounds = { work, imageStart, streams: streams.byNumber };
  if (options.isAdopted !== true && memory.plan !== undefined && streams.native !== undefined)
    writePlan(memory.plan, streams.native);
  const index =
    options.isAdopted === true
      ? DiscIndex.adopt(tree, memory, findings, source.name, bounds)
      : await DiscIndex.open(tree, memory, findings, source.name, { signal, ...bounds });
  if (options.budget !== undefined) index.table.limitBy(options.budget);
  return {
    files,
    source,
    data,
    streams,
    disc,
    trees,
    tree,
    index,
    volume,
    partitions,
    sessions,
    session,
    findings,
    damage,
    releaseCache: () => reader.clear(),
    [Symbol.asyncDispose]: async () => {
      await reader[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    },
  };
}

/** The streams of a disc that is shown in other forms. */
function withMade(disc: Disc, wholeSectors: PlanStream | undefined): Disc {
  const { subchannel } = disc;
  return {
    ...disc,
    ...(wholeSectors === undefined ? {} : { raw: wholeSectors }),
    ...(subchannel === undefined
      ? {}
      : { subchannel: { stream: linearSubchannel(subchannel), form: 'linear' } }),
  };
}

function refuseTracklessDisc(source: string): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot read "${source}": disc has no track, expected a data track`,
    {
      at: { source },
    },
  );
}
