// View `image`: the disc as files of other formats, byte for byte what a converter would write. Texts are in the blob,
// all else are runs of the disc's streams, so that sizes are known at once and nothing is written anywhere.
import { SECTOR_SIZE } from '../../../disc/data-stream.js';
import { leadOutOf } from '../../../disc/disc.js';
import type { Disc } from '../../../disc/disc.js';
import type { PlanStream } from '../../../disc/plan-stream.js';
import { STREAM } from '../../../disc/read-plan.js';
import { RAW_SECTOR_SIZE, SUBCHANNEL_BYTES } from '../../../disc/sector-parity.js';
import { addedExtent } from '../../contract/file-tree.js';
import type { Extent, Timestamp } from '../../contract/file-tree.js';
import { CompositeTree } from '../composite-tree.js';
import type { PlacedFile } from '../composite-tree.js';
import { toFileName } from '../tracks/track-names.js';
import { dataExtents } from '../tracks/tracks-tree.js';
import { layOutBin } from './bin-layout.js';
import { writeCcd } from './ccd-text.js';
import { listGdTracks, writeGdi } from './gdi-text.js';
import { writeCue } from './cue-text.js';

export interface ImageOptions {
  /** What the files are called by, without suffix. */
  readonly name: string;
  /** Whole sectors, made ones among them; undefined for a disc that has none. */
  readonly wholeSectors: PlanStream | undefined;
  readonly label: string;
  readonly modified: Timestamp;
  /** Of the image, for messages. */
  readonly sourceName: string;
}

/** `disc`: as its image holds it, without sectors that are made. */
export function createImageTree(disc: Disc, options: ImageOptions): CompositeTree {
  const name = toFileName(options.name).replace(/"/g, '_') || 'disc';
  const { wholeSectors } = options;
  const files = [
    ...placeIso(disc, name),
    ...(wholeSectors === undefined ? [] : placeBin(disc, name)),
    ...(wholeSectors === undefined ? [] : placeClone(disc, wholeSectors, name)),
    ...(wholeSectors === undefined ? [] : placeGd(disc, name)),
  ];
  return new CompositeTree({
    kind: 'image',
    label: options.label,
    volumeSize: files.reduce((sum, { size }) => sum + size, 0),
    blockSize: SECTOR_SIZE,
    modified: options.modified,
    sourceName: options.sourceName,
    trees: [],
    files,
  });
}

/** A file of 2048 bytes a sector for each data track that has so many. */
function placeIso(disc: Disc, name: string): PlacedFile[] {
  const tracks = disc.sessions
    .flatMap((session) => session.tracks)
    .filter(({ mode, length }) => (mode === 'mode1' || mode === 'xa') && length > 0);
  return tracks.map(({ number, start, length }) => {
    const suffix = tracks.length === 1 ? '' : `-${String(number).padStart(2, '0')}`;
    return placeExtents(`${name}${suffix}.iso`, dataExtents(start, length, disc.data.size));
  });
}

function placeBin(disc: Disc, name: string): PlacedFile[] {
  const layout = layOutBin(disc);
  const bin = `${name}.bin`;
  return [placeExtents(bin, layout.extents), placeText(`${name}.cue`, writeCue(disc, layout, bin))];
}

/** What CloneCD writes of a disc of one session: all its sectors from logical block 0 on, and all subchannels. */
function placeClone(disc: Disc, wholeSectors: PlanStream, name: string): PlacedFile[] {
  const sectors = leadOutOf(disc);
  const [image, subchannels] = [sectors * RAW_SECTOR_SIZE, sectors * SUBCHANNEL_BYTES];
  const isWhole = wholeSectors.holds(0, image) && disc.subchannel?.stream.holds(0, subchannels) === true;
  if (!isWhole || sectors === 0 || disc.sessions.length !== 1) return [];
  return [
    placeText(`${name}.ccd`, writeCcd(disc)),
    placeExtents(`${name}.img`, [{ stream: STREAM.raw, offset: 0, length: image }]),
    placeExtents(`${name}.sub`, [{ stream: STREAM.subchannel, offset: 0, length: subchannels }]),
  ];
}

/** A list and a file a track, from its index 1 on, of a GD-ROM. */
function placeGd(disc: Disc, name: string): PlacedFile[] {
  const tracks = listGdTracks(disc, name);
  if (tracks.length === 0) return [];
  const files = tracks.map(({ track: { start, length }, fileName }) =>
    placeExtents(fileName, wholeExtents(STREAM.raw, start, length)),
  );
  return [placeText(`${name}.gdi`, writeGdi(tracks)), ...files];
}

function wholeExtents(stream: number, block: number, sectors: number): Extent[] {
  return sectors === 0
    ? []
    : [{ stream, offset: block * RAW_SECTOR_SIZE, length: sectors * RAW_SECTOR_SIZE }];
}

function placeText(name: string, text: string): PlacedFile {
  return placeExtents(name, [addedExtent(new TextEncoder().encode(text))]);
}

function placeExtents(name: string, extents: readonly Extent[]): PlacedFile {
  return { path: [name], offset: 0, size: extents.reduce((sum, { length }) => sum + length, 0), extents };
}
