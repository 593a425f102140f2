// What of an image a list of digests may name: its tracks, its files with the content of several tracks, and the files
// that describe them.
import { leadOutOf } from '../../disc/disc.js';
import type { Disc, Track } from '../../disc/disc.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { completeRaw } from '../../disc/made-sectors.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { findSegment, isRun } from '../../disc/read-plan.js';
import { RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import type { ByteSource } from '../../source/byte-source.js';
import type { OpenedFiles } from '../../source/image-files.js';
import type { PauseRule } from './dat-game.js';
import type { Readable } from './image-pass.js';

export interface ImagePiece {
  /** `file`: with the content of tracks; `side`: one that describes them. */
  readonly kind: 'track' | 'file' | 'side';
  /** For people. */
  readonly subject: string;
  /** What it may be called in a list, where it is a file. */
  readonly fileName?: string;
  /** Numbers of the tracks that it has a part of. */
  readonly tracks: readonly number[];
  readonly source: Readable;
  readonly start: number;
  readonly end: number;
  /** Whether the image has all of its bytes. */
  readonly isHeld: boolean;
}

/** What pieces are made of. */
export interface PieceContext {
  readonly files: OpenedFiles;
  /** Undefined where nothing is known of what the files hold. */
  readonly disc: Disc | undefined;
  /** Of the file that was opened. */
  readonly name: string;
}

export function sizeOf({ start, end }: ImagePiece): number {
  return end - start;
}

/** All of them; a track that is the whole of a file is told once. Sectors are whole, made where the image has less. */
export function findPieces({ files, disc, name }: PieceContext, pauses: PauseRule): ImagePiece[] {
  const named = [{ name, source: files.main }, ...files.beside];
  const nameOf = (source: ByteSource): string => named.find((one) => one.source === source)?.name ?? name;
  if (disc === undefined) return named.map((one) => wholeFile('file', one.name, one.source, []));
  const stored = disc.raw ?? disc.data;
  const tracks = [
    ...cutTracks(disc, stored, disc.raw === undefined ? SECTOR_SIZE : RAW_SECTOR_SIZE, pauses, nameOf),
    ...cutMade(disc, pauses, nameOf),
  ];
  const bases = new Set([...(disc.raw?.bases ?? []), ...disc.data.bases]);
  const whole = new Set(tracks.map(({ source }) => source));
  const content = Array.from(bases)
    .filter((base) => !whole.has(base))
    .map((base) => wholeFile('file', nameOf(base), base, tracksIn(disc, stored, base)));
  const side = named
    .filter(({ source }) => !bases.has(source))
    .map((one) => wholeFile('side', one.name, one.source, []));
  return [...tracks, ...content, ...side];
}

function wholeFile(
  kind: ImagePiece['kind'],
  fileName: string,
  source: ByteSource,
  tracks: readonly number[],
): ImagePiece {
  const place = { source, start: 0, end: source.size, isHeld: true };
  return { kind, subject: fileName, fileName, tracks, ...place };
}

/** Tracks of which the image has not whole sectors, but what these can be made of. */
function cutMade(disc: Disc, pauses: PauseRule, nameOf: (source: ByteSource) => string): ImagePiece[] {
  const made = disc.medium === 'dvd' ? undefined : completeRaw(disc);
  if (made === undefined || made === disc.raw) return [];
  return cutTracks(disc, made, RAW_SECTOR_SIZE, pauses, nameOf).filter(
    ({ start, end, isHeld }) => isHeld && disc.raw?.holds(start, end - start) !== true,
  );
}

function cutTracks(
  disc: Disc,
  stream: PlanStream,
  unit: number,
  pauses: PauseRule,
  nameOf: (source: ByteSource) => string,
): ImagePiece[] {
  return rangesOfTracks(disc, pauses).map(({ track, from, to }) => {
    const [start, end] = [
      from * unit,
      Math.min(to * unit, Math.max(from * unit, endOfImage(stream, disc, unit))),
    ];
    const base = start < end ? wholeBase(stream, start, end) : undefined;
    const subject = `track ${track.number}`;
    const about = { kind: 'track', tracks: [track.number] } as const;
    if (base === undefined)
      return { ...about, subject, source: stream, start, end, isHeld: stream.holds(start, end - start) };
    const fileName = nameOf(base);
    return { ...wholeFile('track', fileName, base, about.tracks), subject: `${subject}, ${fileName}` };
  });
}

/** The last sector of an image may be cut short. */
function endOfImage(stream: PlanStream, disc: Disc, unit: number): number {
  const isLastShort = Math.ceil(stream.size / unit) === leadOutOf(disc);
  return isLastShort ? stream.size : Number.POSITIVE_INFINITY;
}

/** Sectors of each track with those of its pauses that belong to it. Where pauses end tracks, sound is meant alone. */
function rangesOfTracks({ sessions }: Disc, pauses: PauseRule): TrackRange[] {
  return sessions.flatMap(({ tracks }, session) =>
    tracks.flatMap((track, i) => {
      const { start, length, pregap = 0, mode } = track;
      const to = start + length;
      if (pauses === 'with-previous')
        return mode === 'audio' ? [{ track, from: start, to: tracks[i + 1]?.start ?? to }] : [];
      // The pause before the first track of a later session is part of its lead-in.
      const from = i === 0 && session > 0 ? start : Math.max(0, start - pregap);
      return [{ track, from, to }];
    }),
  );
}

interface TrackRange {
  readonly track: Track;
  readonly from: number;
  readonly to: number;
}

/** The source of which some bytes of a stream are the whole, as it is. */
function wholeBase(stream: PlanStream, start: number, end: number): ByteSource | undefined {
  let base: number | undefined;
  for (let at = start; at < end;) {
    const segment = stream.segments[findSegment(stream.segments, at)];
    if (segment?.kind !== 'bytes' || !isRun(segment) || segment.swap16 === true) return undefined;
    if (segment.start > at || segment.offset + at - segment.start !== at - start) return undefined;
    if (base !== undefined && base !== segment.base) return undefined;
    base = segment.base;
    at = segment.start + segment.length;
    if (at > end) return undefined;
  }
  const source = base === undefined ? undefined : stream.bases[base];
  return source?.size === end - start ? source : undefined;
}

function tracksIn(disc: Disc, { segments, bases }: PlanStream, source: ByteSource): number[] {
  const base = bases.indexOf(source);
  const unit = disc.raw === undefined ? SECTOR_SIZE : RAW_SECTOR_SIZE;
  return rangesOfTracks(disc, 'with-next')
    .filter(({ from, to }) => {
      for (let i = findSegment(segments, from * unit); i < segments.length; i += 1) {
        const segment = segments[i]!;
        if (segment.start >= to * unit) return false;
        if (segment.kind === 'bytes' && segment.base === base) return true;
      }
      return false;
    })
    .map(({ track }) => track.number);
}
