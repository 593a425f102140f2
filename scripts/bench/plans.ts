// What the read plan costs: the same bytes through driver `fuse`, from a plain image, one with a bad sector, one of
// raw sectors of 2352 bytes, a file of many extents beside one of a single extent, and what views of discs of tracks
// show: a WAV file of raw sectors behind a header, and a .bin of several tracks. Everything is in the page cache.
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FindingLog } from '../../src/base/finding.js';
import { DiscStreams } from '../../src/disc/disc-streams.js';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { STREAM, runSegment, withoutRanges } from '../../src/disc/read-plan.js';
import type { BytesSegment, Segments } from '../../src/disc/read-plan.js';
import { DirectoryEntry, MODE_TYPE, addedExtent } from '../../src/filesystem/contract/file-tree.js';
import type { EntrySink, Extent, FileTree } from '../../src/filesystem/contract/file-tree.js';
import { encodeWavHeader } from '../../src/filesystem/views/tracks/wav-header.js';
import { DiscIndex } from '../../src/index/disc-index.js';
import { writePlan } from '../../src/index/plan-section.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { LocalImage } from '../../src/mount/local-image.js';
import { FileSource } from '../../src/source/file/file-source.js';
import type { Probe } from './probe.js';
import { PseudoRandom } from '../support/pseudo-random.js';

const SECTOR = 2048;
const RAW_SECTOR = 2352;
const RAW_HEADER = 16;
const EXTENTS = 200_000;
const RANDOM_READS = 5000;
/** Of the .bin. */
const TRACKS = 20;

/** By repetition: bytes a second, or reads a second. */
export interface PlanFigures {
  readonly plain: number[];
  readonly damaged: number[];
  readonly raw: number[];
  readonly wav: number[];
  readonly bin: number[];
  readonly oneExtent: number[];
  readonly manyExtents: number[];
}

/** A root with one file, "f". */
class OneFileTree implements FileTree {
  readonly kind = 'udf';
  readonly label = 'PLANS';
  readonly blockSize = SECTOR;
  readonly volumeSize: number;
  readonly #extents: readonly Extent[];

  constructor(extents: readonly Extent[], volumeSize: number) {
    this.#extents = extents;
    this.volumeSize = volumeSize;
  }

  readRoot(): Promise<DirectoryEntry> {
    const root = new DirectoryEntry();
    root.mode = MODE_TYPE.directory | 0o555;
    return Promise.resolve(root);
  }

  isRootEmpty(): Promise<boolean> {
    return Promise.resolve(false);
  }

  readDirectory(_locator: number, _size: number, sink: EntrySink): Promise<void> {
    const file = new DirectoryEntry();
    file.name[0] = 'f'.charCodeAt(0);
    file.nameLength = 1;
    file.mode = MODE_TYPE.regular | 0o444;
    file.inode = 1;
    file.extents = this.#extents;
    file.size = this.#extents.reduce((sum, { length }) => sum + length, 0);
    sink.add(file);
    return Promise.resolve();
  }
}

interface Subject {
  readonly segments: Segments;
  /** Of the raw stream, where the disc has one. */
  readonly raw?: Segments;
  readonly extents: readonly Extent[];
  readonly path: string;
}

/** `bytes`: of the file that is read. Needs what driver `fuse` needs. */
export async function measurePlans(
  folder: string,
  probe: Probe,
  bytes: number,
  repetitions: number,
): Promise<PlanFigures> {
  const sectors = Math.floor(bytes / SECTOR);
  const size = sectors * SECTOR;
  const plainPath = join(folder, 'plain.img');
  const rawPath = join(folder, 'raw.img');
  await writeImages(plainPath, rawPath, sectors);
  const whole = [{ offset: 0, length: size }];
  const run = [runSegment(0, size, 0, 0)];
  const bad = [{ position: (sectors >> 1) * SECTOR, size: SECTOR }];
  const raw = { kind: 'bytes', start: 0, length: size, base: 0, offset: RAW_HEADER } as const;
  const tracks = cutRun(size, TRACKS);
  const samples = { stream: STREAM.raw, offset: 0, length: size };
  const pieces = Math.min(EXTENTS, sectors);
  // In an order in which none follows the one before.
  const scattered = Array.from({ length: pieces }, (_, i) => ({
    offset: ((i * 7919) % pieces) * SECTOR,
    length: SECTOR,
  }));
  const subjects: Record<keyof PlanFigures, Subject> = {
    plain: { segments: run, extents: whole, path: plainPath },
    damaged: { segments: withoutRanges(run, 0, bad), extents: beside(bad[0]!, size), path: plainPath },
    raw: { segments: [{ ...raw, unit: SECTOR, stride: RAW_SECTOR }], extents: whole, path: rawPath },
    wav: {
      ...{ segments: [], raw: run, path: plainPath },
      extents: [addedExtent(encodeWavHeader(size)), samples],
    },
    bin: { segments: [], raw: tracks, extents: [samples], path: plainPath },
    oneExtent: { segments: run, extents: [{ offset: 0, length: pieces * SECTOR }], path: plainPath },
    manyExtents: { segments: run, extents: scattered, path: plainPath },
  };
  const figures: PlanFigures = {
    ...{ plain: [], damaged: [], raw: [], wav: [], bin: [] },
    ...{ oneExtent: [], manyExtents: [] },
  };
  try {
    for (let i = 0; i < repetitions; i += 1) {
      for (const name of Object.keys(subjects) as (keyof PlanFigures)[]) {
        const isRandom = name === 'oneExtent' || name === 'manyExtents';
        const reads = Math.min(RANDOM_READS, pieces >> 1);
        figures[name].push(
          await withMount(folder, subjects[name], async (path) => {
            const sample = isRandom ? await probe.random(path, 1, 0, reads) : await probe.sequential(path);
            return (isRandom ? sample.count : sample.bytes) / sample.seconds;
          }),
        );
      }
    }
  } finally {
    await Promise.all([plainPath, rawPath].map((path) => rm(path, { force: true })));
  }
  return figures;
}

/** A run in parts that follow each other, as the tracks of one file do. */
function cutRun(size: number, count: number): BytesSegment[] {
  const length = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) =>
    runSegment(i * length, Math.min(length, size - i * length), 0, i * length),
  ).filter((part) => part.length > 0);
}

/** All of the disc's data but a range, whose bytes would end a reader. */
function beside(
  { position, size }: { readonly position: number; readonly size: number },
  bytes: number,
): Extent[] {
  const end = position + size;
  return [
    { offset: 0, length: position },
    { offset: end, length: bytes - end },
  ];
}

async function writeImages(plainPath: string, rawPath: string, sectors: number): Promise<void> {
  await using plain = await open(plainPath, 'w');
  await using raw = await open(rawPath, 'w');
  const random = new PseudoRandom(2352);
  const step = 512;
  const words = new Uint32Array((step * SECTOR) / 4);
  const rawBytes = Buffer.alloc(step * RAW_SECTOR);
  for (let done = 0; done < sectors; done += step) {
    random.fill(words);
    const bytes = Buffer.from(words.buffer);
    const count = Math.min(step, sectors - done);
    for (let i = 0; i < count; i += 1)
      bytes.copy(rawBytes, i * RAW_SECTOR + RAW_HEADER, i * SECTOR, (i + 1) * SECTOR);
    await plain.write(bytes, 0, count * SECTOR);
    await raw.write(rawBytes, 0, count * RAW_SECTOR);
  }
}

/** Mounts anew, so that the mount's own pages are read again. */
async function withMount<T>(
  folder: string,
  { segments, raw: rawSegments, extents, path }: Subject,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const driver = createFuseDriver();
  const directory = join(folder, 'plans');
  await mkdir(directory, { recursive: true });
  const memory = driver.createMemory();
  await using source = await FileSource.open(path);
  const data = new PlanStream(path, segments, [source]);
  const raw = rawSegments === undefined ? undefined : new PlanStream(path, rawSegments, [source]);
  const streams = new DiscStreams({ data, ...(raw === undefined ? {} : { raw }) });
  const { native } = streams;
  if (native === undefined || memory.plan === undefined) throw new Error('Native code cannot read the plan');
  writePlan(memory.plan, native);
  const options = { streams: streams.byNumber };
  const tree = new OneFileTree(extents, data.size);
  const index = await DiscIndex.open(tree, memory, new FindingLog(), path, options);
  const request = { directory, sourceName: path, label: '', allowOther: false };
  const mount = await driver.mount({ ...request, image: new LocalImage({ index, data, streams }) });
  try {
    return await work(join(directory, 'f'));
  } finally {
    await mount.unmount({ lazy: false });
    await mount.ended;
  }
}
