// Runs the suite of sources of bytes on each of them, and on the streams of a disc.
import { mkdtemp, open, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBlockImage } from '../../src/container/packed/block-image.js';
import { SplitSource } from '../../src/container/split/split-source.js';
import { CachedStream } from '../../src/disc/cached-stream.js';
import type { DataStream } from '../../src/disc/data-stream.js';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { runSegment } from '../../src/disc/read-plan.js';
import type { Segments } from '../../src/disc/read-plan.js';
import { UnitSource } from '../../src/disc/unit-source.js';
import type { ByteSource } from '../../src/source/byte-source.js';
import { FileSource } from '../../src/source/file/file-source.js';
import { openDriveDevice } from '../../src/source/optical/open-drive-device.js';
import { DriveSource } from '../../src/source/optical/drive-source.js';
import { DamagedSource } from '../../src/source/rescue-map/damaged-source.js';
import { RescueMap } from '../../src/source/rescue-map/rescue-map.js';
import { patternedBytes, plainDisc, TestDrive } from '../support/fakes/drive.js';
import { FakeDriveDevice } from '../support/fakes/drive-device.js';
import { FaultySource } from '../support/fakes/faulty-source.js';
import { MemorySource } from '../support/fakes/memory-tree.js';
import {
  BAD_RANGE_CHECKS,
  CHANGE_CHECKS,
  FOREVER_CHECKS,
  FILE_CHECKS,
  SOURCE_CHECKS,
  STREAM_CHECKS,
} from './byte-source.js';
import type { Opened, OpenedBad, OpenedChanging, OpenedFile, Truth } from './byte-source.js';

// This machine has no drive: the device is our own drive, without its transport.
vi.mock('../../src/source/optical/open-drive-device.js', () => ({ openDriveDevice: vi.fn() }));

const GIB = 1024 ** 3;
const WINDOW = patternedBytes(500_000);
const SIZE = 4 * GIB + 1_001_472;
const BAD = { from: GIB + 100_000, to: GIB + 110_000 };
/** Where the large file has other bytes than zeros, and its places; the medium fails in one that no place tells of. */
const WINDOWS = [0, GIB, 2 * GIB - 250_000, 4 * GIB - 250_000, SIZE - WINDOW.length];
const PLACES = [0, 100_000, 2 * GIB, 4 * GIB, SIZE - 100_000, SIZE];
const CONTENT = patternedBytes(700_001);
const UNIT_BYTES = 10_000;
const MEMORY_BAD = { from: 300_000, to: 300_001 };

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isodrive-conformance-'));
  path = await writeLarge('large');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A sparse file. */
async function writeLarge(name: string): Promise<string> {
  const file = await open(join(folder, name), 'w');
  for (const start of WINDOWS) await file.write(WINDOW, 0, WINDOW.length, start);
  await file.close();
  return join(folder, name);
}

const large: Truth = {
  size: SIZE,
  places: PLACES,
  bytes: (position, length) => {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, SIZE - position)));
    for (const start of WINDOWS) {
      const from = Math.max(position, start);
      const to = Math.min(position + bytes.length, start + WINDOW.length);
      if (from < to) WINDOW.copy(bytes, from - position, from - start, to - start);
    }
    return bytes;
  },
};

function truthOf(content: Buffer): Truth {
  const { length: size } = content;
  const places = [0, 65_536, Math.floor(size / 2), size];
  return { size, places, bytes: (position, length) => content.subarray(position, position + length) };
}

function opened<S extends DataStream>(source: S, truth: Truth, owned: AsyncDisposable[]): Opened<S> {
  const close = async (): Promise<void> => {
    for (const one of owned) await one[Symbol.asyncDispose]();
  };
  return { source, truth, [Symbol.asyncDispose]: close };
}

function openSource<S extends ByteSource>(source: S, truth = large, ...others: AsyncDisposable[]): Opened<S> {
  return opened(source, truth, [source, ...others]);
}

function damage(source: ByteSource): DamagedSource {
  const map = new RescueMap(SIZE);
  map.mark(0, SIZE, '+');
  map.mark(BAD.from, BAD.to - BAD.from, '-');
  return new DamagedSource(source, map);
}

async function openAdopted(from = path): Promise<Opened<FileSource>> {
  const file = await open(from);
  const close = { [Symbol.asyncDispose]: () => file.close() };
  return openSource(await FileSource.adopt(file.fd, from), large, close);
}

async function openDrive(): Promise<OpenedChanging & { device: FakeDriveDevice }> {
  const file = await FileSource.open(path);
  const drive = new TestDrive(plainDisc(file));
  const device = new FakeDriveDevice(drive.drive, file.fileDescriptor, SIZE - 20 * 2048);
  vi.mocked(openDriveDevice).mockResolvedValue(device);
  const subject = openSource((await DriveSource.open('/dev/drive'))!, large, file);
  return { ...subject, device, change: () => Promise.resolve(void (device.changes += 1)) };
}

function faulty(): FaultySource {
  const source = new FaultySource(CONTENT);
  source.bad = [MEMORY_BAD.from, MEMORY_BAD.to];
  return source;
}

/** Every byte is stored as what it lacks to 255. */
function openUnits(): UnitSource {
  const of = new FaultySource(CONTENT.map((byte) => 255 - byte));
  const decodeUnits = async (first: number, count: number, target: Uint8Array): Promise<undefined[]> => {
    await of.read(target, first * UNIT_BYTES);
    target.forEach((byte, i) => (target[i] = 255 - byte));
    return Array.from({ length: count }, () => undefined);
  };
  return new UnitSource({ of, size: CONTENT.length, unitBytes: UNIT_BYTES, decodeUnits });
}

/** Blocks one behind the other, packed by deflate. */
function openBlocks(): UnitSource {
  const blocks = Array.from({ length: Math.ceil(CONTENT.length / UNIT_BYTES) }, (_, i) =>
    deflateRawSync(CONTENT.subarray(i * UNIT_BYTES, (i + 1) * UNIT_BYTES)),
  );
  let end = 0;
  const places = blocks.map(({ length }, i) => {
    const size = Math.min(UNIT_BYTES, CONTENT.length - i * UNIT_BYTES);
    return { offset: (end += length) - length, length, size, coding: 'deflate' as const };
  });
  return openBlockImage(new FaultySource(Buffer.concat(blocks)), {
    size: CONTENT.length,
    blockBytes: UNIT_BYTES,
    locate: (first, count) => Promise.resolve(places.slice(first, first + count)),
  });
}

const SOURCES: Readonly<Record<string, () => Promise<Opened<ByteSource>>>> = {
  'A file': async () => openSource(await FileSource.open(path)),
  'A file that somebody else has opened': () => openAdopted(),
  'A file with a map of what is missing': async () => openSource(damage(await FileSource.open(path))),
  'A drive': openDrive,
  'Files one behind the other': () => {
    const ends = [1, 100_000, 100_001, CONTENT.length];
    const parts = ends.map((end, i) => new FaultySource(CONTENT.subarray(ends[i - 1] ?? 0, end)));
    return Promise.resolve(openSource(new SplitSource(parts), truthOf(CONTENT)));
  },
  'Bytes in units that are decoded': () => Promise.resolve(openSource(openUnits(), truthOf(CONTENT))),
  'Bytes in blocks that are packed': () => Promise.resolve(openSource(openBlocks(), truthOf(CONTENT))),
  'Bytes in memory': () => Promise.resolve(openSource(new MemorySource(CONTENT), truthOf(CONTENT))),
  'Bytes in memory that fail': () => Promise.resolve(openSource(new FaultySource(CONTENT), truthOf(CONTENT))),
};

/** Sectors of 2352 bytes, of which 2048 are user data. */
const RAW = Buffer.concat(
  Array.from({ length: 342 }, (_, i) => {
    const sector = Buffer.alloc(2352, 0xee);
    CONTENT.copy(sector, 16, i * 2048);
    return sector;
  }),
);

/** Places in two files, with zeros between them. */
const MIXED: Segments = [
  runSegment(0, 200_000, 0, 500),
  { kind: 'zeros', start: 200_000, length: 200_000 },
  { kind: 'bytes', start: 400_000, length: 300_001, base: 1, offset: 16, unit: 2048, stride: 2352 },
];

function openPlan(segments: Segments, bases: readonly Buffer[], content: Buffer): Opened {
  const sources = bases.map((bytes) => new FaultySource(bytes));
  return opened(new PlanStream('plan', segments, sources), truthOf(content), sources);
}

async function openCached(budget?: number): Promise<Opened> {
  const file = await FileSource.open(path);
  const cache = new CachedStream(PlanStream.plain(file), budget);
  return opened(cache, large, [cache, file]);
}

const STREAMS: Readonly<Record<string, () => Promise<Opened>>> = {
  ...SOURCES,
  'A plan of one file': async () => {
    const file = await FileSource.open(path);
    return opened(PlanStream.plain(file), large, [file]);
  },
  'A plan of raw sectors': () => {
    const length = CONTENT.length;
    const sectors = {
      kind: 'bytes',
      start: 0,
      length,
      base: 0,
      offset: 16,
      unit: 2048,
      stride: 2352,
    } as const;
    return Promise.resolve(openPlan([sectors], [RAW], CONTENT));
  },
  'A plan of swapped bytes': () => {
    const even = CONTENT.subarray(0, 700_000);
    const swapped = Buffer.from(even).swap16();
    const all = { ...runSegment(0, even.length, 0, 0), swap16: true };
    return Promise.resolve(openPlan([all], [swapped], even));
  },
  'A plan of several files and zeros': () => {
    const zeros = Buffer.alloc(200_000);
    const parts = [CONTENT.subarray(500, 200_500), zeros, CONTENT.subarray(0, 300_001)];
    return Promise.resolve(openPlan(MIXED, [CONTENT, RAW], Buffer.concat(parts)));
  },
  'A cache': () => openCached(),
  'A cache of one block': () => openCached(1),
};

const BAD_RANGES: Readonly<Record<string, () => Promise<OpenedBad>>> = {
  'A file with a map of what is missing': async () => ({
    ...openSource(damage(await FileSource.open(path))),
    bad: BAD,
  }),
  'Bytes in memory': () => {
    const source = new MemorySource(CONTENT, MEMORY_BAD.from);
    return Promise.resolve({ ...openSource(source, truthOf(CONTENT)), bad: MEMORY_BAD });
  },
  'Bytes in memory that fail': () =>
    Promise.resolve({ ...openSource(faulty(), truthOf(CONTENT)), bad: MEMORY_BAD }),
  'A plan': async () => {
    const file = damage(await FileSource.open(path));
    return { ...opened(PlanStream.plain(file), large, [file]), bad: BAD };
  },
  'A cache': () => {
    const source = faulty();
    const cache = new CachedStream(PlanStream.plain(source));
    return Promise.resolve({ ...opened(cache, truthOf(CONTENT), [cache, source]), bad: MEMORY_BAD });
  },
  'A cache of a plan of a file with a map': async () => {
    const file = damage(await FileSource.open(path));
    const cache = new CachedStream(PlanStream.plain(file));
    return { ...opened(cache, large, [cache, file]), bad: BAD };
  },
};

const FILES: Readonly<Record<string, (from: string) => Promise<Opened<ByteSource>>>> = {
  'A file': async (from) => openSource(await FileSource.open(from)),
  'A file that somebody else has opened': openAdopted,
  'A file with a map of what is missing': async (from) => openSource(damage(await FileSource.open(from))),
};

function run<O extends Opened>(
  checks: Readonly<Record<string, (subject: O) => Promise<void>>>,
  openOne: () => Promise<O>,
): void {
  for (const [sentence, check] of Object.entries(checks)) {
    it(sentence, async () => {
      await using subject = await openOne();
      await check(subject);
    });
  }
}

for (const [name, openOne] of Object.entries(STREAMS)) {
  describe(name, () => run(STREAM_CHECKS, openOne));
}
for (const [name, openOne] of Object.entries(SOURCES)) {
  describe(name, () => run(SOURCE_CHECKS, openOne));
}
for (const [name, openOne] of Object.entries(BAD_RANGES)) {
  describe(`${name}, above a medium that fails`, () => run(BAD_RANGE_CHECKS, openOne));
}
it('A drive closes its device once, however often it is asked to close', async () => {
  const { device, source, ...rest } = await openDrive();
  // It was opened to look for a disc before.
  const before = device.closings;
  await source[Symbol.asyncDispose]();
  await rest[Symbol.asyncDispose]();
  expect(device.closings - before).toBe(1);
});
describe('A drive, when its disc is changed', () => run({ ...CHANGE_CHECKS, ...FOREVER_CHECKS }, openDrive));
for (const [name, openOne] of Object.entries(FILES)) {
  const openOwn = async (): Promise<OpenedFile & OpenedChanging> => {
    const own = await writeLarge('own');
    const subject = await openOne(own);
    const change = (): Promise<void> => utimes(own, 1_000_000_000, 1_000_000_000);
    return { ...subject, path: own, change, again: () => FileSource.open(own) };
  };
  describe(`${name}, when it is changed`, () => run(CHANGE_CHECKS, openOwn));
  describe(`${name}, as one of several`, () => run(FILE_CHECKS, openOwn));
}
