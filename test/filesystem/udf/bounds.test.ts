// Every bound of the UDF reader, at it and above it: what chains, counts or grows in a hostile image has an end.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_SESSION_SECTORS } from '../../../src/filesystem/udf/anchor.js';
import { MAX_RUNS } from '../../../src/filesystem/udf/extent-list.js';
import { MAX_FILE_SETS } from '../../../src/filesystem/udf/file-set-sequence.js';
import { MAX_ALLOCATION_EXTENTS } from '../../../src/filesystem/udf/icb-reader.js';
import { MAX_IDENTIFIER_BYTES } from '../../../src/filesystem/udf/identifier-scanner.js';
import { MAX_EXTENTS, MAX_INTEGRITY_DESCRIPTORS } from '../../../src/filesystem/udf/integrity-descriptor.js';
import { MAX_RECOGNITION_DESCRIPTORS } from '../../../src/filesystem/udf/recognition-sequence.js';
import { MAX_TABLE_ENTRIES, SEARCHED_BLOCKS } from '../../../src/filesystem/udf/virtual-allocation-table.js';
import {
  MAX_DESCRIPTORS,
  MAX_PARTITIONS,
  MAX_POINTERS,
} from '../../../src/filesystem/udf/volume-descriptor-sequence.js';
import { openImage } from '../../../src/image/open-image.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import {
  FREE_BLOCK,
  INTEGRITY,
  PARTITION_START,
  anchor,
  buildUdf,
  directory,
  fileEntry,
  fileSet,
  identifier,
  integrity,
  physicalMap,
  shortExtent,
  tagged,
  textFile,
  typedMap,
  volumeDescriptors,
} from '../../../scripts/support/udf-builder.js';
import type { UdfSpec } from '../../../scripts/support/udf-builder.js';

const SECTOR = 2048;
const FILE = FREE_BLOCK;
const HELLO: UdfSpec = { root: [identifier('hello', FILE)], blocks: { [FILE]: textFile(FILE, 'hello') } };
/** Behind the partition of `buildUdf`, for what a test puts into the image itself. */
const FREE_SECTOR = 600;
const NO_RESERVE = { 48: new Uint8Array(4 * SECTOR) };

async function namesOf(bytes: Uint8Array): Promise<string[]> {
  await using image = await openBytes(bytes);
  return [...(await readAll(image)).entries.keys()].filter((path) => path !== '/');
}

/** Expects the volume to open and show its file, or to be refused as damaged. */
async function expectOpens(bytes: Uint8Array, isOpened: boolean): Promise<void> {
  if (isOpened) expect(await namesOf(bytes)).toEqual(['/hello']);
  else await expect(namesOf(bytes)).rejects.toMatchObject({ code: 'damaged' });
}

/** Extent of the volume, as descriptors have it. */
function volumeExtent(length: number, sector: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(sector, 4);
  return bytes;
}

/** A volume descriptor pointer (3/10.3), or another volume descriptor of a sequence. */
function sequenceItem(
  tag: number,
  sector: number,
  fill: (bytes: Buffer) => void = () => undefined,
): Uint8Array {
  const bytes = Buffer.alloc(512);
  fill(bytes);
  return tagged(tag, sector, bytes);
}

describe('Bounds of a volume:', () => {
  it.each([
    [MAX_POINTERS, true],
    [MAX_POINTERS + 1, false],
  ])('%i volume descriptor pointers are followed: %s', async (pointers, isOpened) => {
    const image: Record<number, Uint8Array> = { ...NO_RESERVE, 32: new Uint8Array(4 * SECTOR) };
    for (let index = 0; index < pointers; index += 1) {
      const at = index === 0 ? 32 : FREE_SECTOR + index;
      const next = FREE_SECTOR + index + 1;
      image[at] = sequenceItem(3, at, (bytes) => bytes.set(volumeExtent(4 * SECTOR, next), 20));
    }
    for (const [at, bytes] of volumeDescriptors(FREE_SECTOR + pointers, HELLO)) image[at] = bytes;
    await expectOpens(buildUdf({ ...HELLO, image }), isOpened);
  });

  it.each([
    [MAX_DESCRIPTORS, true],
    [MAX_DESCRIPTORS + 1, false],
  ])('the last of %i volume descriptors is read: %s', async (count, isOpened) => {
    const image: Record<number, Uint8Array> = { ...NO_RESERVE };
    const start = FREE_SECTOR;
    for (let at = start; at < start + count; at += 1) image[at] = sequenceItem(4, at);
    // Primary, partition and logical volume descriptor are the last three.
    for (const [at, bytes] of volumeDescriptors(start + count - 3, HELLO)) image[at] = bytes;
    const first = Buffer.from(anchor(256, SECTOR, count));
    first.writeUInt32LE(start, 20);
    image[256] = tagged(2, 256, first);
    await expectOpens(buildUdf({ ...HELLO, sectors: start + count + 2, image }), isOpened);
  });

  it.each([
    [MAX_PARTITIONS, true],
    [MAX_PARTITIONS + 1, false],
  ])('the last of %i partitions is used: %s', async (count, isOpened) => {
    const image: Record<number, Uint8Array> = { ...NO_RESERVE };
    const last = count - 1;
    for (let number = 0; number < count; number += 1) {
      const at = FREE_SECTOR + number;
      image[at] = sequenceItem(5, at, (bytes) => {
        bytes.writeUInt16LE(number, 22);
        bytes.writeUInt32LE(PARTITION_START, 188);
        bytes.writeUInt32LE(200, 192);
      });
    }
    const spec = { ...HELLO, maps: [physicalMap(last)] };
    const logical = volumeDescriptors(FREE_SECTOR + count - 2, spec).get(FREE_SECTOR + count)!;
    image[FREE_SECTOR + count] = logical;
    const first = Buffer.from(anchor(256, SECTOR, count + 1));
    first.writeUInt32LE(FREE_SECTOR, 20);
    image[256] = tagged(2, 256, first);
    await expectOpens(buildUdf({ ...spec, image }), isOpened);
  });

  it.each([
    [MAX_RECOGNITION_DESCRIPTORS - 1, []],
    [MAX_RECOGNITION_DESCRIPTORS, ['no-recognition-sequence']],
  ])('a recognition sequence is looked at up to descriptor %i', async (index, codes) => {
    const bytes = Buffer.from(buildUdf({ ...HELLO, partitionBlocks: 300 }));
    bytes.copy(bytes, FREE_SECTOR * SECTOR, 32 * SECTOR, 36 * SECTOR);
    bytes.fill(0, 16 * SECTOR, 19 * SECTOR);
    // The descriptors of the volume give way: they are read from where the recognition sequence does not reach.
    for (const [at, one] of volumeDescriptors(FREE_SECTOR, HELLO)) bytes.set(one, at * SECTOR);
    const place = Buffer.from(anchor(256));
    place.writeUInt32LE(FREE_SECTOR, 20);
    bytes.set(tagged(2, 256, place), 256 * SECTOR);
    bytes.fill(0, 32 * SECTOR, 52 * SECTOR);
    bytes.write('\x00NSR03', (16 + index) * SECTOR, 'latin1');
    await using image = await openBytes(bytes);
    const all = await readAll(image);
    expect(all.entries.has('/hello')).toBe(true);
    expect(all.codes).toEqual(codes);
  });

  it.each([
    [MAX_FILE_SETS, true],
    [MAX_FILE_SETS + 1, false],
  ])('the last of %i chained file sets is shown: %s', async (count, isShown) => {
    const blocks: Record<number, Uint8Array> = { [FILE]: textFile(FILE, 'hello') };
    blocks[20] = directory(20, 20, [identifier('hello', FILE)]);
    for (let number = 0; number < count; number += 1) {
      const block = number === 0 ? 0 : 40 + number;
      const root = number === count - 1 ? 20 : 1;
      blocks[block] = fileSet({ block, number, root, next: 41 + number });
    }
    expect(await namesOf(buildUdf({ blocks, partitionBlocks: 400 }))).toEqual(isShown ? ['/hello'] : []);
  });

  it.each([
    [MAX_INTEGRITY_DESCRIPTORS, '2.60'],
    [MAX_INTEGRITY_DESCRIPTORS + 1, '2.01'],
  ])('of %i integrity descriptors the last within the bound counts', async (count, revision) => {
    const start = FREE_SECTOR;
    const image: Record<number, Uint8Array> = {};
    image[INTEGRITY] = integrity(INTEGRITY, 0x0201, volumeExtent(count * SECTOR, start));
    for (let index = 1; index < count; index += 1) {
      const at = start + index - 1;
      image[at] = integrity(at, index === count - 1 ? 0x0260 : 0x0201);
    }
    await using opened = await openBytes(buildUdf({ ...HELLO, sectors: start + count, image }));
    expect(opened.volume.udf?.minimumReadRevision).toBe(revision);
  });

  it.each([
    [MAX_EXTENTS, '2.60'],
    [MAX_EXTENTS + 1, '2.01'],
  ])('of %i extents of integrity descriptors the last within the bound counts', async (count, revision) => {
    const image: Record<number, Uint8Array> = {};
    for (let index = 0; index < count; index += 1) {
      const at = index === 0 ? INTEGRITY : FREE_SECTOR + index;
      const isLast = index === count - 1;
      const next = isLast ? undefined : volumeExtent(SECTOR, FREE_SECTOR + index + 1);
      image[at] = integrity(at, isLast ? 0x0260 : 0x0201, next);
    }
    await using opened = await openBytes(buildUdf({ ...HELLO, image }));
    expect(opened.volume.udf?.minimumReadRevision).toBe(revision);
  });

  it.each([
    [4, ['copy-used', 'copy-used', 'copy-used']],
    [5, undefined],
  ])('a sparing table is looked for in 4 places, the good one is place %i', async (good, codes) => {
    const map = typedMap('*UDF Sparable Partition', (bytes) => {
      bytes.writeUInt16LE(32, 40);
      bytes[42] = 5;
      // A size that no table has costs no memory.
      bytes.writeUInt32LE(0xffff_ffff, 44);
      for (let place = 0; place < 4; place += 1) bytes.writeUInt32LE(FREE_SECTOR + place, 48 + place * 4);
    });
    const table = Buffer.alloc(56);
    table.write('*UDF Sparing Table', 17, 'latin1');
    const at = FREE_SECTOR + good - 1;
    const opened = openBytes(buildUdf({ ...HELLO, maps: [map], image: { [at]: tagged(0, at, table) } }));
    if (codes === undefined) await expect(opened).rejects.toMatchObject({ code: 'damaged' });
    else {
      await using image = await opened;
      expect(image.findings.findings.map(({ code }) => code)).toEqual(codes);
    }
  });

  it.each([
    [Math.floor((MAX_SESSION_SECTORS - 257) / 32) * 32 + 256, true],
    [Math.floor((MAX_SESSION_SECTORS - 257) / 32) * 32 + 288, false],
  ])('the anchor of a session is searched up to sector %i: %s', async (sector, isFound) => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-udf-bounds-'));
    try {
      const path = join(folder, 'sparse.img');
      const file = await open(path, 'w');
      await file.write(buildUdf({ ...HELLO, anchors: [] }));
      await file.write(anchor(sector), 0, undefined, sector * SECTOR);
      await file.truncate((sector + 1000) * SECTOR);
      await file.close();
      const opened = openImage(path);
      if (isFound) await (await opened)[Symbol.asyncDispose]();
      else await expect(opened).rejects.toMatchObject({ code: 'damaged' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** A volume of a virtual partition: root in its block 0, "hello" in its block 1, the table's entry in block `at`. */
function virtualVolume(entries: number, at: number, tail: number, table = [20, 21]): Uint8Array {
  const header = Buffer.alloc(152);
  header.writeUInt16LE(152, 0);
  const words = Buffer.alloc(entries * 4);
  for (const [index, block] of table.entries()) words.writeUInt32LE(block, index * 4);
  const data = Buffer.concat([header, words]);
  const isEmbedded = data.length < 1024;
  const allocation = isEmbedded ? data : shortExtent(data.length, 30);
  return buildUdf({
    maps: [physicalMap(), typedMap('*UDF Virtual Partition')],
    partitionBlocks: at + 1 + tail,
    sectors: PARTITION_START + at + 1 + tail,
    blocks: {
      0: fileSet({ home: 1, root: 0 }),
      20: directory(0, 0, [identifier('hello', 1, { partition: 1 })]),
      21: textFile(1, 'hello'),
      ...(isEmbedded ? {} : { 30: data }),
      [at]: fileEntry({ block: at, fileType: 248, kind: isEmbedded ? 3 : 0, allocation, size: data.length }),
    },
  });
}

describe('Bounds of a virtual allocation table:', () => {
  it.each([
    [MAX_TABLE_ENTRIES, true],
    [MAX_TABLE_ENTRIES + 1, false],
  ])('%i entries are read: %s', async (entries, isOpened) => {
    await expectOpens(virtualVolume(entries, 31 + Math.ceil((entries * 4 + 152) / SECTOR), 0), isOpened);
  });

  it.each([
    [SEARCHED_BLOCKS - 1, true],
    [SEARCHED_BLOCKS, false],
  ])('it is found %i blocks before the last: %s', async (tail, isOpened) => {
    await expectOpens(virtualVolume(2, 150, tail), isOpened);
  });

  it('entries that all lead to the root make a loop, which ends', async () => {
    await using image = await openBytes(virtualVolume(3, 150, 0, [20, 20, 20]));
    const { entries, codes } = await readAll(image);
    expect([...entries.keys()]).toEqual(['/', '/hello', '/hello/hello']);
    expect(codes).toContain('unreadable-directory');
  });

  it('entries that lead to the table itself cost the file that they are of', async () => {
    await using image = await openBytes(virtualVolume(3, 150, 0, [20, 150]));
    expect([...(await readAll(image)).entries.keys()]).toEqual(['/']);
    expect(image.findings.findings.map(({ code }) => code)).toContain('damaged-file-entry');
  });
});

describe('Bounds of a file:', () => {
  /** Allocation extent descriptors from block 100 on, each with these descriptors and a pointer to the next one. */
  const chain = (parts: readonly Uint8Array[]): Record<number, Uint8Array> => {
    const blocks: Record<number, Uint8Array> = {};
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const all = isLast ? part : Buffer.concat([part, shortExtent(SECTOR, 101 + index, 3)]);
      const head = Buffer.alloc(24);
      head.writeUInt32LE(all.length, 20);
      blocks[100 + index] = tagged(258, 100 + index, Buffer.concat([head, all]));
    }
    return blocks;
  };
  const codesOf = async (parts: readonly Uint8Array[], size: number): Promise<string[]> => {
    const allocation = shortExtent(SECTOR, 100, 3);
    const entry = fileEntry({ block: FILE, kind: 0, allocation, size });
    const blocks = { [FILE]: entry, ...chain(parts) };
    const spec = { root: [identifier('f', FILE)], blocks, partitionBlocks: 200 + parts.length };
    await using image = await openBytes(buildUdf(spec));
    const row = await image.index.resolve('/f');
    expect(image.index.node(row).size).toBe(size);
    return image.findings.findings.map(({ code }) => code);
  };

  it.each([
    [MAX_ALLOCATION_EXTENTS, []],
    [MAX_ALLOCATION_EXTENTS + 1, ['broken-extent-chain']],
  ])('%i allocation extent descriptors are followed', async (count, codes) => {
    const parts = Array.from({ length: count }, () => shortExtent(SECTOR, 20));
    expect(await codesOf(parts, count * SECTOR)).toEqual(codes);
  });

  it.each([
    [MAX_RUNS, []],
    [MAX_RUNS + 1, ['broken-extent-chain']],
  ])('%i runs are kept', async (count, codes) => {
    // Recorded extents and holes take turns, so that none is joined with the one before.
    const each = 252;
    const parts = Array.from({ length: Math.ceil(count / each) }, (_, part) => {
      const here = Math.min(each, count - part * each);
      return Buffer.concat(
        Array.from({ length: here }, (__, index) =>
          shortExtent(SECTOR, 20, (part * each + index) % 2 === 0 ? 0 : 2),
        ),
      );
    });
    expect(await codesOf(parts, count * SECTOR)).toEqual(codes);
  });

  it.each([
    [MAX_IDENTIFIER_BYTES, ['/big', '/last']],
    [MAX_IDENTIFIER_BYTES + 4, ['/last']],
  ])('an identifier of %i bytes', async (bytes, names) => {
    const use = bytes - 44;
    const big = Buffer.alloc(bytes);
    big.set(Buffer.from(identifier('big', FILE)).subarray(0, 38));
    big.writeUInt16LE(use, 36);
    big.write('\x08big', 38 + use, 'latin1');
    const padded = tagged(257, FILE, big);
    const data = Buffer.concat([padded, identifier('last', FILE)]);
    const entry = { block: FILE + 1, fileType: 4, kind: 0, size: data.length };
    const blocks = {
      [FILE]: textFile(FILE, 'x'),
      [FILE + 1]: fileEntry({ ...entry, allocation: shortExtent(data.length, 20) }),
      20: data,
    };
    const found = await namesOf(buildUdf({ root: [identifier('d', FILE + 1)], blocks }));
    expect(found.filter((path) => path !== '/d')).toEqual(names.map((name) => `/d${name}`));
  });

  it.each([
    [254, /^a{2}(\\xe6\\x97\\xa5){84}$/],
    [255, /^a{3}(\\xe6\\x97\\xa5){82}#[0-9A-F]{4}$/],
  ])('a name of %i bytes is shown, a longer one cut', async (bytes, shown) => {
    const text = `${'a'.repeat(bytes - 252)}${'\u65e5'.repeat(84)}`;
    const name = Buffer.concat([Buffer.of(16), Buffer.from(text, 'utf16le').swap16()]);
    const [path] = await namesOf(buildUdf({ ...HELLO, root: [identifier(name, FILE)] }));
    expect(path!.slice(1)).toMatch(shown);
  });

  it.each([
    ['a/b.html', /^a_b#[0-9A-F]{4}\.html$/],
    ['a/b.xhtml', /^a_b\.xhtml#[0-9A-F]{4}$/],
  ])('a name that is changed keeps an extension of at most 4 characters: %s', async (name, shown) => {
    const [path] = await namesOf(buildUdf({ ...HELLO, root: [identifier(name, FILE)] }));
    expect(path!.slice(1)).toMatch(shown);
  });
});
