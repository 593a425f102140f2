// Writes images of Nero, version 1 and 2, as discs at once and as tracks at once.
import type { ModelDisc, PlacedTrack, StoredAs } from './disc-model.js';
import { RAW, storePause, storeSectors } from './disc-model.js';

export interface NrgShape {
  readonly isOld?: boolean;
  readonly isTao?: boolean;
  readonly stored?: (track: PlacedTrack) => StoredAs;
  /** Changes what is written of a track of a disc at once. */
  readonly lie?: (entry: Buffer, track: PlacedTrack) => void;
  /** Bits of MTYP. */
  readonly medium?: number;
  readonly cdText?: Buffer;
  /** Minutes, seconds and frames of version 1 as numbers, not as digits. */
  readonly hasBinaryTimes?: boolean;
  readonly withoutCueSheet?: boolean;
}

const MODES: Readonly<Record<string, number>> = {
  'mode1 2048 0': 0,
  'xa 2048 0': 2,
  'xa 2336 0': 3,
  'mode1 2352 0': 5,
  'xa 2352 0': 6,
  'audio 2352 0': 7,
  'mode1 2352 96': 15,
  'audio 2352 96': 16,
  'xa 2352 96': 17,
};

interface StoredTrack extends PlacedTrack {
  readonly form: StoredAs;
  readonly pause: number;
  readonly offset: number;
  readonly end: number;
}

export function buildNrg(disc: ModelDisc, shape: NrgShape = {}): Buffer {
  const { isOld = false, isTao = false, stored = () => RAW } = shape;
  const parts: Buffer[] = [];
  let at = 0;
  const tracks = disc.tracks.map((track): StoredTrack => {
    const form = stored(track);
    const pause = isTao ? Buffer.alloc(0) : storePause(track, track.pregap, form);
    const body = storeSectors(track, track.start, form);
    parts.push(pause, body);
    const offset = at + pause.length;
    const placed = { ...track, form, pause: at, offset, end: offset + body.length };
    at = placed.end;
    return placed;
  });
  const chunks = Array.from({ length: disc.sessions }, (_, i) => {
    const own = tracks.filter(({ session }) => session === i + 1);
    const size = chunk('SINF', uint32(own.length));
    if (isTao) return [chunk(isOld ? 'ETNF' : 'ETN2', ...own.map((one) => taoEntry(one, isOld))), size];
    const sheet = shape.withoutCueSheet === true ? [] : [cueSheet(own, shape)];
    return [...sheet, daoChunk(own, disc.catalog, shape), size];
  }).flat();
  const text = shape.cdText === undefined ? [] : [chunk('CDTX', shape.cdText)];
  const medium = chunk('MTYP', uint32(shape.medium ?? 1));
  const list = Buffer.concat([...chunks, ...text, medium, chunk('END!')]);
  return Buffer.concat([...parts, list, isOld ? footer('NERO', uint32(at)) : footer('NER5', uint64(at))]);
}

export function chunk(id: string, ...content: Buffer[]): Buffer {
  const all = Buffer.concat(content);
  return Buffer.concat([Buffer.from(id, 'latin1'), uint32(all.length), all]);
}

function footer(id: string, offset: Buffer): Buffer {
  return Buffer.concat([Buffer.from(id, 'latin1'), offset]);
}

function cueSheet(tracks: readonly StoredTrack[], shape: NrgShape): Buffer {
  const last = tracks.at(-1)!;
  const first = tracks[0]!;
  const place = (control: number, track: number, index: number, block: number): Buffer =>
    Buffer.concat([
      Buffer.from([(control << 4) | 1, track === 0xaa ? track : bcd(track), bcd(index), 0]),
      shape.isOld === true ? time(block, shape.hasBinaryTimes === true) : int32(block),
    ]);
  return chunk(
    shape.isOld === true ? 'CUES' : 'CUEX',
    place(controlOf(first), 0, 0, first.start - first.pregap),
    ...tracks.flatMap((track) => [
      place(controlOf(track), track.number, 0, track.start - track.pregap),
      place(controlOf(track), track.number, 1, track.start),
      ...(track.index2 === undefined
        ? []
        : [place(controlOf(track), track.number, 2, track.start + track.index2)]),
    ]),
    place(controlOf(last), 0xaa, 1, last.start + last.length),
  );
}

function daoChunk(tracks: readonly StoredTrack[], catalog: string, shape: NrgShape): Buffer {
  const isOld = shape.isOld === true;
  const head = Buffer.alloc(22);
  head.write(catalog, 4, 'latin1');
  head.set(
    [tracks.some(({ mode }) => mode === 'xa') ? 0x20 : 0, 1, tracks[0]!.number, tracks.at(-1)!.number],
    18,
  );
  const entries = tracks.map((track) => {
    const { bytes, subchannel } = track.form;
    const start = Buffer.alloc(18);
    start.write(track.isrc ?? '', 0, 'latin1');
    start.writeUInt16BE(bytes + subchannel, 12);
    start.writeUInt8(modeByte(track), 14);
    start.writeUInt8(1, 17);
    const offsets = [track.pause, track.offset, track.end].map(isOld ? uint32 : uint64);
    const entry = Buffer.concat([start, ...offsets]);
    shape.lie?.(entry, track);
    return entry;
  });
  const size = head.length + entries.reduce((sum, one) => sum + one.length, 0);
  head.writeUInt32LE(size);
  return chunk(isOld ? 'DAOI' : 'DAOX', head, ...entries);
}

/** The block counts no pauses, as Nero's sectors in the file. */
function taoEntry(track: StoredTrack, isOld: boolean): Buffer {
  const { bytes, subchannel } = track.form;
  const length = track.end - track.offset;
  const block = track.number === 1 ? 0 : track.offset / (bytes + subchannel);
  const mode = Buffer.from([0, 0, 0, modeByte(track)]);
  return isOld
    ? Buffer.concat([uint32(track.offset), uint32(length), mode, uint32(block), uint32(0)])
    : Buffer.concat([uint64(track.offset), uint64(length), mode, uint32(block), uint64(0)]);
}

function modeByte({ mode, form }: StoredTrack): number {
  return MODES[`${mode} ${form.bytes} ${form.subchannel}`] ?? 0;
}

function controlOf({ mode }: PlacedTrack): number {
  return mode === 'audio' ? 2 : 4;
}

function bcd(value: number): number {
  return Math.floor(value / 10) * 16 + (value % 10);
}

function time(block: number, isBinary: boolean): Buffer {
  const frames = block + 150;
  const parts = [Math.floor(frames / 4500), Math.floor(frames / 75) % 60, frames % 75];
  return Buffer.from([0, ...parts.map((part) => (isBinary ? part : bcd(part)))]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Math.floor(value) >>> 0);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(Math.floor(value)));
  return bytes;
}
