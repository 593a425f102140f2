// View `tracks`: a file for each track of a disc. Sound is a WAV file, whose samples are the raw sectors as they are
// stored; data of 2048 bytes a sector is an image of its own.
import { SECTOR_SIZE } from '../../../disc/data-stream.js';
import { leadOutOf } from '../../../disc/disc.js';
import type { Disc } from '../../../disc/disc.js';
import { STREAM } from '../../../disc/read-plan.js';
import { RAW_SECTOR_SIZE } from '../../../disc/sector-parity.js';
import { addedExtent } from '../../contract/file-tree.js';
import type { Extent, Timestamp, TrackNaming } from '../../contract/file-tree.js';
import { CompositeTree } from '../composite-tree.js';
import type { PlacedFile } from '../composite-tree.js';
import { describeTrack, nameTrack } from './track-names.js';
import { listTrackSpans } from './track-spans.js';
import type { TrackSpan } from './track-spans.js';
import { encodeWavHeader } from './wav-header.js';

export interface TracksOptions {
  readonly naming: TrackNaming;
  /** Of the files. */
  readonly modified: Timestamp;
  /** Of the image, for messages. */
  readonly sourceName: string;
}

/** Undefined for a disc without sound. */
export function createTracksTree(disc: Disc, options: TracksOptions): CompositeTree | undefined {
  const spans = listTrackSpans(disc);
  if (disc.raw === undefined || spans.every(({ track }) => track.mode !== 'audio')) return undefined;
  return new CompositeTree({
    kind: 'tracks',
    label: disc.title ?? '',
    volumeSize: leadOutOf(disc) * RAW_SECTOR_SIZE,
    blockSize: SECTOR_SIZE,
    modified: options.modified,
    sourceName: options.sourceName,
    trees: [],
    files: spans.flatMap((span) => placeTrack(span, disc, options.naming)),
  });
}

/** Nothing for data of which 2048 bytes a sector are not all: mode 2 without forms. */
function placeTrack(span: TrackSpan, disc: Disc, naming: TrackNaming): PlacedFile[] {
  const { track, start, sectors } = span;
  if (track.mode === 'mode2') return [];
  const isSound = track.mode === 'audio';
  const extents = isSound ? soundExtents(start, sectors) : dataExtents(start, sectors, disc.data.size);
  return [
    {
      path: [nameTrack(span, naming, isSound ? '.wav' : '.iso')],
      offset: 0,
      size: extents.reduce((sum, { length }) => sum + length, 0),
      extents,
      attributes: describeTrack(span, disc),
    },
  ];
}

function soundExtents(start: number, sectors: number): Extent[] {
  const length = sectors * RAW_SECTOR_SIZE;
  const header = addedExtent(encodeWavHeader(length));
  if (length === 0) return [header];
  return [header, { stream: STREAM.raw, offset: start * RAW_SECTOR_SIZE, length }];
}

/** The last sector of a plain image may be cut short. */
export function dataExtents(start: number, sectors: number, dataBytes: number): Extent[] {
  const offset = start * SECTOR_SIZE;
  const whole = sectors * SECTOR_SIZE;
  const rest = dataBytes - offset;
  const length = rest > whole - SECTOR_SIZE && rest < whole ? rest : whole;
  return length === 0 ? [] : [{ offset, length }];
}
