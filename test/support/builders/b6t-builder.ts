// Writes descriptors of BlindWrite 6 and the files with their sectors.
import type { MemoryFiles } from './memory-folder.js';
import type { ModelDisc, PlacedTrack, StoredAs } from './disc-model.js';
import { RAW, storePause, storeSectors } from './disc-model.js';

export interface B6tShape {
  readonly stored?: StoredAs;
  readonly isDvd?: boolean;
  readonly cdText?: Buffer;
  /** Sectors of each file; all in one where absent. */
  readonly partSectors?: number;
  /** Folder in the names that are written. */
  readonly folder?: string;
  /** Bytes of blocks that are of no use here. */
  readonly padding?: number;
}

const TYPES = { audio: 1, mode1: 2, xa: 3 } as const;
const SIGNATURE = 'BWT5 STREAM SIGN';

interface DataBlock {
  readonly start: number;
  readonly sectors: Buffer;
}

/** The descriptor is called image.b6t, its file image.b6i, further ones image.001 and so on. */
export function buildB6t(disc: ModelDisc, shape: B6tShape = {}): MemoryFiles {
  const { stored = RAW, isDvd = false, padding = 0 } = shape;
  const stride = stored.bytes + stored.subchannel;
  const blocks = splitBlocks(collectBlocks(disc, stored), shape.partSectors, stride);
  const isOneFile = shape.partSectors === undefined;
  const names = blocks.map((_, i) =>
    i === 0 || isOneFile ? 'image.b6i' : `image.${String(i).padStart(3, '0')}`,
  );
  const files = new Map<string, Buffer>();
  const dataBlocks = blocks.map(({ start, sectors }, i) => {
    const before = files.get(names[i]!) ?? Buffer.alloc(0);
    files.set(names[i]!, Buffer.concat([before, sectors]));
    const name = Buffer.from(`${shape.folder ?? ''}${names[i]!}`, 'utf16le');
    const head = Buffer.alloc(52);
    head.writeUInt32LE(sectors.length, 4);
    head.writeUInt32LE(before.length, 24);
    head.writeInt32LE(start, 40);
    head.writeUInt32LE(sectors.length / stride, 44);
    head.writeUInt32LE(name.length, 48);
    return Buffer.concat([head, name, Buffer.alloc(4)]);
  });
  const { cdText } = shape;
  const text = cdText === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.alloc(4), cdText]);
  const drive = Buffer.from('D:\0', 'utf16le');
  const head = Buffer.alloc(260);
  head.write(SIGNATURE, 'latin1');
  head.writeUInt16LE(isDvd ? 0x10 : 0x08, 48);
  head.writeUInt16LE(disc.sessions, 50);
  head[64] = 1;
  head.write(disc.catalog, 65, 'latin1');
  head.writeUInt16LE(padding, 96);
  head.writeUInt16LE(padding, 98);
  head.writeUInt16LE(text.length, 100);
  if (isDvd) head.writeUInt32LE(56, 124);
  else head.writeUInt16LE(56, 102);
  if (isDvd) head.writeUInt32LE(padding, 104);
  head.writeUInt32LE(padding, 240);
  head.writeUInt32LE(4, 244);
  const descriptor = Buffer.concat([
    head,
    Buffer.alloc(padding + 4),
    Buffer.alloc(2 * padding),
    text,
    Buffer.alloc(isDvd ? padding : 0),
    Buffer.alloc(56),
    uint32(blocks.length),
    uint32(drive.length),
    drive,
    ...dataBlocks,
    ...sessionBlocks(disc, isDvd),
    uint32(0),
    Buffer.from('BWT5 STREAM FOOT', 'latin1'),
  ]);
  return { 'image.b6t': descriptor, ...Object.fromEntries(files) };
}

/** One for each session; a pause before logical block 0 is left out. */
function collectBlocks(disc: ModelDisc, stored: StoredAs): DataBlock[] {
  return Array.from({ length: disc.sessions }, (_, i) => {
    const own = disc.tracks.filter(({ session }) => session === i + 1);
    const isFirst = i === 0;
    const parts = own.map((track, j) => {
      const pause = isFirst && j === 0 ? 0 : track.pregap;
      return Buffer.concat([storePause(track, pause, stored), storeSectors(track, track.start, stored)]);
    });
    const first = own[0]!;
    return { start: first.start - (isFirst ? 0 : first.pregap), sectors: Buffer.concat(parts) };
  });
}

function splitBlocks(blocks: readonly DataBlock[], sectors: number | undefined, stride: number): DataBlock[] {
  if (sectors === undefined) return [...blocks];
  return blocks.flatMap((block) =>
    Array.from({ length: Math.ceil(block.sectors.length / (sectors * stride)) }, (_, i) => ({
      start: block.start + i * sectors,
      sectors: block.sectors.subarray(i * sectors * stride, (i + 1) * sectors * stride),
    })),
  );
}

function sessionBlocks(disc: ModelDisc, isDvd: boolean): Buffer[] {
  return Array.from({ length: disc.sessions }, (_, i) => {
    const own = disc.tracks.filter(({ session }) => session === i + 1);
    const [first, last] = [own[0]!, own.at(-1)!];
    const session = Buffer.alloc(16);
    session.writeUInt16LE(i + 1, 0);
    session.set([own.length + 1, 3], 2);
    session.writeInt32LE(first.start - first.pregap, 4);
    session.writeInt32LE(last.start + last.length, 8);
    session.writeUInt16LE(first.number, 12);
    session.writeUInt16LE(last.number, 14);
    const leadOut = Buffer.alloc(64);
    leadOut[12] = 0xa2;
    return [session, leadOut, ...own.map((track) => trackBlock(track, isDvd))];
  }).flat();
}

function trackBlock(track: PlacedTrack, isDvd: boolean): Buffer {
  const block = Buffer.alloc(isDvd ? 64 : 72);
  block[0] = isDvd ? 6 : TYPES[track.mode];
  block[10] = track.mode === 'audio' ? 2 : 4;
  block[12] = track.number;
  block.writeUInt32LE(track.pregap, 22);
  block.writeInt32LE(track.start - track.pregap, 42);
  block.writeUInt32LE(track.length + track.pregap, 46);
  block.writeUInt32LE(track.session, 58);
  return block;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
