// Writes descriptors of Alcohol 120% and the files with their sectors.
import type { MemoryFiles } from './memory-folder.js';
import type { ModelDisc, PlacedTrack, StoredAs } from './disc-model.js';
import { RAW, storeSectors } from './disc-model.js';

export interface MdsShape {
  readonly stored?: (track: PlacedTrack) => StoredAs;
  readonly isDvd?: boolean;
  /** Names of the files, all parts of one; "*.mdf" where absent. */
  readonly names?: readonly string[];
  readonly isWide?: boolean;
  /** Bytes of each part of a file that is split. */
  readonly partBytes?: number;
  /** Adds the disc structures of so many layers. */
  readonly layers?: number;
  readonly burst?: Buffer;
  /** Changes the block of a track. */
  readonly lie?: (block: Buffer, track: PlacedTrack) => void;
  readonly version?: number;
}

const HEADER = 88;
const SESSION = 24;
const TRACK = 80;
const FOOTER = 16;
const MODES = { audio: 0xa9, mode1: 0xaa, xa: 0xab } as const;

/** The descriptor is called image.mds, its file image.mdf where no other names are wanted. */
export function buildMds(disc: ModelDisc, shape: MdsShape = {}): MemoryFiles {
  const { stored = () => RAW, names = ['*.mdf'] } = shape;
  const parts: Buffer[] = [];
  const offsets = new Map<number, number>();
  let size = 0;
  for (const track of disc.tracks) {
    offsets.set(track.number, size);
    const sectors = storeSectors(track, track.start, stored(track));
    parts.push(sectors);
    size += sectors.length;
  }
  const data = Buffer.concat(parts);
  const bytes = shape.partBytes ?? data.length;
  const files = names.map((name, i): [string, Buffer] => [
    name.replace('*', 'image').replace(/^.*[/\\]/, ''),
    data.subarray(i * bytes, (i + 1) * bytes),
  ]);
  return { 'image.mds': buildDescriptor(disc, shape, names, stored, offsets), ...Object.fromEntries(files) };
}

function buildDescriptor(
  disc: ModelDisc,
  shape: MdsShape,
  names: readonly string[],
  stored: (track: PlacedTrack) => StoredAs,
  offsets: ReadonlyMap<number, number>,
): Buffer {
  const isDvd = shape.isDvd === true;
  const blocks = disc.tracks.length + 3 * disc.sessions;
  const sessionsAt = HEADER;
  const tracksAt = sessionsAt + SESSION * disc.sessions;
  const extrasAt = tracksAt + TRACK * blocks;
  const footersAt = extrasAt + 8 * disc.tracks.length;
  const namesAt = footersAt + FOOTER * names.length;
  const nameBytes = names.map((name) =>
    shape.isWide === true ? Buffer.from(`${name}\0`, 'utf16le') : Buffer.from(`${name}\0`, 'latin1'),
  );
  const structuresAt = namesAt + nameBytes.reduce((sum, one) => sum + one.length, 0);
  const structures = buildStructures(shape.layers ?? 0);
  const { burst = Buffer.alloc(0) } = shape;

  const header = Buffer.alloc(HEADER);
  header.write('MEDIA DESCRIPTOR', 'latin1');
  header.set([shape.version ?? 1, 3], 16);
  header.writeUInt16LE(isDvd ? 0x10 : 0, 18);
  header.writeUInt16LE(disc.sessions, 20);
  header.writeUInt16LE(burst.length, 26);
  header.writeUInt32LE(burst.length === 0 ? 0 : structuresAt + structures.length, 36);
  header.writeUInt32LE(structures.length === 0 ? 0 : structuresAt, 64);
  header.writeUInt32LE(sessionsAt, 80);

  const sessions: Buffer[] = [];
  const tracks: Buffer[] = [];
  for (let number = 1; number <= disc.sessions; number += 1) {
    const own = disc.tracks.filter(({ session }) => session === number);
    const last = own.at(-1)!;
    const session = Buffer.alloc(SESSION);
    session.writeInt32LE(own[0]!.start - 150, 0);
    session.writeInt32LE(last.start + last.length, 4);
    session.writeUInt16LE(number, 8);
    session.set([own.length + 3, 3], 10);
    session.writeUInt16LE(own[0]!.number, 12);
    session.writeUInt16LE(last.number, 14);
    session.writeUInt32LE(tracksAt + TRACK * tracks.length, 20);
    sessions.push(session);
    const hasXa = own.some(({ mode }) => mode === 'xa');
    tracks.push(
      point(0xa0, [own[0]!.number, hasXa ? 0x20 : 0, 0]),
      point(0xa1, [last.number, 0, 0]),
      point(0xa2, time(last.start + last.length)),
    );
    for (const track of own) {
      const { bytes, subchannel } = stored(track);
      const block = point(track.number, time(track.start));
      block[0] = MODES[track.mode];
      block[1] = subchannel === 96 ? 8 : 0;
      block[2] = 0x10 | (track.mode === 'audio' ? 2 : 4);
      block.writeUInt32LE(isDvd ? track.length : extrasAt + 8 * (track.number - 1), 12);
      block.writeUInt16LE(bytes + subchannel, 16);
      block.writeInt32LE(track.start, 36);
      block.writeBigUInt64LE(BigInt(offsets.get(track.number)!), 40);
      block.writeUInt32LE(names.length, 48);
      block.writeUInt32LE(footersAt, 52);
      shape.lie?.(block, track);
      tracks.push(block);
    }
  }
  const extras = disc.tracks.map(({ pregap, length }) => {
    const extra = Buffer.alloc(8);
    extra.writeUInt32LE(pregap, 0);
    extra.writeUInt32LE(length, 4);
    return extra;
  });
  let at = namesAt;
  const footers = nameBytes.map((name) => {
    const footer = Buffer.alloc(FOOTER);
    footer.writeUInt32LE(at, 0);
    footer.writeUInt32LE(shape.isWide === true ? 1 : 0, 4);
    at += name.length;
    return footer;
  });
  return Buffer.concat([
    header,
    ...sessions,
    ...tracks,
    ...extras,
    ...footers,
    ...nameBytes,
    structures,
    burst,
  ]);
}

function point(number: number, [minute, second, frame]: readonly number[]): Buffer {
  const block = Buffer.alloc(TRACK);
  block.set([0, 0, 0x14, 0, number], 0);
  block.set([minute!, second!, frame!], 9);
  return block;
}

function time(block: number): readonly number[] {
  const frames = block + 150;
  return [Math.floor(frames / 4500), Math.floor(frames / 75) % 60, frames % 75];
}

/** Copyright, manufacturing and physical information of each layer, filled with numbers of their own. */
function buildStructures(layers: number): Buffer {
  return Buffer.concat(
    Array.from({ length: layers }, (_, layer) => {
      const physical = Buffer.alloc(2048, 0x10 + layer);
      physical[2] = layers === 2 ? 0x20 : 0;
      return Buffer.concat([Buffer.alloc(4, 0x30 + layer), Buffer.alloc(2048, 0x20 + layer), physical]);
    }),
  );
}
