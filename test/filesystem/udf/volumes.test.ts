// Where the parts of a UDF volume are found, and with which partitions: corner cases U1 to U5 and U9, built by hand.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/image/open-image.js';
import { descriptor, terminator } from '../../support/builders/descriptor-builder.js';
import { directory as isoDirectory } from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import {
  FREE_BLOCK,
  PARTITION_START,
  anchor,
  buildUdf,
  directory,
  fileEntry,
  fileSet,
  identifier,
  physicalMap,
  shortExtent,
  tagged,
  textFile,
  typedMap,
} from '../../../scripts/support/udf-builder.js';
import type { UdfSpec } from '../../../scripts/support/udf-builder.js';

const HELLO: UdfSpec = {
  root: [identifier('hello', FREE_BLOCK)],
  blocks: { [FREE_BLOCK]: textFile(FREE_BLOCK, 'hello') },
};
const HELLO_HASH = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const SECTORS = 1024;

async function expectHello(bytes: Uint8Array): Promise<string[]> {
  await using image = await openBytes(bytes);
  const { entries, codes } = await readAll(image);
  expect(image.tree).toMatchObject({ kind: 'udf', label: 'BUILT' });
  expect(entries.get('/hello')).toMatchObject({ size: 5, sha256: HELLO_HASH, mode: 0o744, userId: 1000 });
  return codes;
}

describe('U1: a volume is found', () => {
  it.each([
    ['at sector 256', 256],
    ['at sector 512, as on write-once discs that are not closed', 512],
    ['at the last sector', SECTORS - 1],
    ['256 sectors before the last', SECTORS - 257],
    ['at the last sector before one that was added', SECTORS - 2],
    ['before 150 sectors of padding', SECTORS - 151],
    ['256 sectors before the last before 152 sectors of padding', SECTORS - 409],
  ])('by its only anchor %s', async (_, sector) => {
    expect(await expectHello(buildUdf({ ...HELLO, sectors: SECTORS, anchors: [sector] }))).toEqual([]);
  });

  it('by a good anchor behind one that leads nowhere', async () => {
    const lost = anchor(256);
    Buffer.from(lost.buffer).writeUInt32LE(900, 20);
    Buffer.from(lost.buffer).writeUInt32LE(900, 28);
    const spec = { ...HELLO, sectors: SECTORS, anchors: [512], image: { 256: tagged(2, 256, lost) } };
    expect(await expectHello(buildUdf(spec))).toEqual([]);
  });

  it('by the anchor of a session, where no other is', async () => {
    expect(await expectHello(buildUdf({ ...HELLO, sectors: SECTORS, anchors: [576] }))).toEqual([]);
  });

  it('nowhere without any anchor, which is an error that says so', async () => {
    await expect(openBytes(buildUdf({ ...HELLO, anchors: [] }))).rejects.toThrow(
      /no anchor .*, expected one/,
    );
  });
});

describe('U2: logical blocks', () => {
  it.each([512, 1024, 2048, 4096])('of %i bytes are read', async (blockSize) => {
    const recognitionStep = Math.max(2048, blockSize);
    expect(await expectHello(buildUdf({ ...HELLO, blockSize, recognitionStep }))).toEqual([]);
  });
});

/** A volume whose root is block 0 of a virtual partition; `tail` blocks follow its table. */
function buildVirtual(version: '1.50' | '2.00', tail: number): Uint8Array {
  const tableBlock = 150;
  const table = Buffer.alloc(12);
  table.writeUInt32LE(20, 0);
  table.writeUInt32LE(0xffff_ffff, 4);
  table.writeUInt32LE(21, 8);
  const trailer = Buffer.alloc(36);
  trailer.write('*UDF Virtual Alloc Tbl', 1, 'latin1');
  const header = Buffer.alloc(152);
  header.writeUInt16LE(152, 0);
  const allocation = version === '1.50' ? Buffer.concat([table, trailer]) : Buffer.concat([header, table]);
  const fileType = version === '1.50' ? 0 : 248;
  return buildUdf({
    sectors: PARTITION_START + tableBlock + 1 + tail,
    maps: [physicalMap(), typedMap('*UDF Virtual Partition')],
    blocks: {
      0: fileSet({ home: 1, root: 0 }),
      20: directory(0, 0, [identifier('hello', 2, { partition: 1 })]),
      21: textFile(2, 'hello'),
      [tableBlock]: fileEntry({ block: tableBlock, fileType, allocation, size: allocation.length }),
    },
  });
}

describe('U3: a virtual partition', () => {
  it.each([
    ['1.50', 0],
    ['1.50', 3],
    ['2.00', 0],
    ['2.00', 150],
  ] as const)(
    'of UDF %s is read by its table, %i blocks before the end of the image',
    async (version, tail) => {
      expect(await expectHello(buildVirtual(version, tail))).toEqual([]);
    },
  );

  it('without a table is refused', async () => {
    const maps = [physicalMap(), typedMap('*UDF Virtual Partition')];
    await expect(openBytes(buildUdf({ ...HELLO, maps }))).rejects.toThrow(/virtual allocation table/);
  });
});

/** A sparing table that keeps the packet of FREE_BLOCK at sector `to`. */
function sparingTable(sector: number, to: number): Uint8Array {
  const bytes = Buffer.alloc(56 + 8);
  bytes.write('*UDF Sparing Table', 17, 'latin1');
  bytes.writeUInt16LE(1, 48);
  bytes.writeUInt32LE(FREE_BLOCK, 56);
  bytes.writeUInt32LE(to, 60);
  return tagged(0, sector, bytes);
}

const SPARABLE = typedMap('*UDF Sparable Partition', (bytes) => {
  bytes.writeUInt16LE(4, 40);
  bytes[42] = 2;
  bytes.writeUInt32LE(2048, 44);
  bytes.writeUInt32LE(600, 48);
  bytes.writeUInt32LE(601, 52);
});

describe('U4: a partition', () => {
  it('that is sparable has its moved packets read from where they are', async () => {
    const spec = {
      root: [identifier('hello', FREE_BLOCK + 1)],
      maps: [SPARABLE],
      image: {
        600: sparingTable(600, 700),
        601: sparingTable(601, 700),
        701: textFile(FREE_BLOCK + 1, 'hello'),
      },
    };
    expect(await expectHello(buildUdf(spec))).toEqual([]);
  });

  it('that is sparable is read by the second copy of its table, and without any is refused', async () => {
    const image = { 601: sparingTable(601, 700), 700: textFile(FREE_BLOCK, 'hello') };
    const spec = { root: [identifier('hello', FREE_BLOCK)], maps: [SPARABLE] };
    expect(await expectHello(buildUdf({ ...spec, image }))).toEqual(['copy-used']);
    await expect(openBytes(buildUdf(spec))).rejects.toMatchObject({ code: 'damaged' });
  });

  /** Metadata in blocks 40 and 50, its mirror in 60 and 61. */
  const metadata = (
    mainEntry: Uint8Array,
    content: Record<number, Uint8Array>,
    bitmap = 0xffff_ffff,
  ): UdfSpec => {
    const mirror = Buffer.concat([shortExtent(6144, 60), shortExtent(0, 0)]);
    return {
      home: 1,
      maps: [
        physicalMap(),
        typedMap('*UDF Metadata Partition', (bytes) => {
          bytes.writeUInt32LE(30, 40);
          bytes.writeUInt32LE(31, 44);
          bytes.writeUInt32LE(bitmap, 48);
        }),
      ],
      blocks: {
        30: mainEntry,
        31: fileEntry({ block: 31, fileType: 251, kind: 0, allocation: mirror, size: 6144 }),
        60: fileSet({ home: 1 }),
        61: directory(1, 1, [identifier('hello', 2, { partition: 1 })]),
        62: textFile(2, 'hello'),
        ...content,
      },
    };
  };
  const parts = Buffer.concat([shortExtent(2048, 40), shortExtent(4096, 50), shortExtent(0, 0)]);
  const main = fileEntry({ block: 30, fileType: 250, kind: 0, allocation: parts, size: 6144 });

  it('of metadata in several extents, the last of them empty, is read', async () => {
    const content = {
      40: fileSet({ home: 1 }),
      50: directory(1, 1, [identifier('hello', 2, { partition: 1 })]),
      51: textFile(2, 'hello'),
    };
    expect(await expectHello(buildUdf(metadata(main, content)))).toEqual([]);
  });

  it.each([
    ['as long as the metadata file', 3, []],
    ['shorter', 2, ['metadata-bitmap']],
    ['not where the map says', undefined, ['metadata-bitmap']],
  ] as const)('of metadata has its bitmap checked: %s', async (_, bits, codes) => {
    const head = Buffer.alloc(32);
    head.writeUInt32LE(bits ?? 0, 16);
    const allocation = shortExtent(32, 33);
    const content = {
      40: fileSet({ home: 1 }),
      50: directory(1, 1, [identifier('hello', 2, { partition: 1 })]),
      51: textFile(2, 'hello'),
      33: tagged(264, 0, head),
    };
    const entry = fileEntry({ block: 32, fileType: 252, kind: 0, allocation, size: 32 });
    const blocks = bits === undefined ? content : { ...content, 32: entry };
    expect(await expectHello(buildUdf(metadata(main, blocks, 32)))).toEqual(codes);
  });

  it('of metadata is read from its mirror where the metadata file is damaged', async () => {
    expect(await expectHello(buildUdf(metadata(new Uint8Array(512), {})))).toEqual(['copy-used']);
  });

  it('of metadata has each damaged block read from its mirror', async () => {
    const codes = await expectHello(buildUdf(metadata(main, {})));
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(['copy-used']));
  });

  it('of a kind that UDF has not is refused', async () => {
    await expect(openBytes(buildUdf({ ...HELLO, maps: [typedMap('*Acme Partition')] }))).rejects.toThrow(
      /"\*Acme Partition", expected a physical/,
    );
  });

  it.each([16, 17])('is one of at most 16 maps: %i', async (count) => {
    const opened = openBytes(
      buildUdf({ ...HELLO, maps: Array.from({ length: count }, () => physicalMap()) }),
    );
    if (count <= 16) await (await opened)[Symbol.asyncDispose]();
    else await expect(opened).rejects.toMatchObject({ code: 'damaged' });
  });
});

describe('U5: descriptors that are not as they should be', () => {
  it('are used where only their tag location is wrong', async () => {
    const blocks = { ...HELLO.blocks, 0: fileSet({ block: 77 }) };
    expect(await expectHello(buildUdf({ ...HELLO, blocks }))).toEqual(['tag-location-mismatch']);
  });

  it('are read from the reserve sequence where the main one is damaged', async () => {
    const image = { 34: new Uint8Array(512).fill(0x55) };
    expect(await expectHello(buildUdf({ ...HELLO, image }))).toEqual(['copy-used']);
  });

  it('need neither terminator nor reserve sequence', async () => {
    const empty = new Uint8Array(2048);
    const image = { 35: empty, 48: empty, 49: empty, 50: empty, 51: empty };
    expect(await expectHello(buildUdf({ ...HELLO, image }))).toEqual([]);
  });

  it('prevail by their sequence number', async () => {
    const older = Buffer.from(buildUdf(HELLO).subarray(34 * 2048, 34 * 2048 + 446));
    older.write('WRONG', 85, 'latin1');
    const newer = Buffer.from(buildUdf(HELLO).subarray(34 * 2048, 34 * 2048 + 446));
    newer.writeUInt32LE(9, 16);
    const image = { 34: tagged(6, 34, newer), 35: tagged(6, 35, older) };
    expect(await expectHello(buildUdf({ ...HELLO, image }))).toEqual([]);
  });

  it('cost the file that they should describe, and no other', async () => {
    const root = [identifier('gone', 9), identifier('hello', FREE_BLOCK), identifier('outside', 100_000)];
    const bytes = buildUdf({ ...HELLO, root });
    expect(await expectHello(bytes)).toEqual(['damaged-file-entry', 'damaged-file-entry']);
  });
});

describe('A volume', () => {
  it('whose recognition sequence is lost is found by its anchor, where nothing else is found', async () => {
    const image = { 16: new Uint8Array(3 * 2048) };
    expect(await expectHello(buildUdf({ ...HELLO, image }))).toEqual(['no-recognition-sequence']);
  });

  it('is not looked for by its anchor alone on a disc that has another file system', async () => {
    const bytes = Buffer.from(buildUdf({ ...HELLO, image: { 16: new Uint8Array(3 * 2048) } }));
    const root = isoDirectory(20, [{ name: 'A.;1', extent: 30, size: 3 }]);
    bytes.set(descriptor({ root: { extent: 20, size: root.length }, label: 'ISO', blocks: 31 }), 32_768);
    bytes.set(terminator(), 34_816);
    bytes.set(root, 20 * 2048);
    await using image = await openBytes(bytes);
    expect(image.trees.map(({ kind }) => kind)).toEqual(['iso9660']);
  });

  const roots = {
    [FREE_BLOCK]: textFile(FREE_BLOCK, 'hello'),
    40: directory(40, 40, [identifier('hello', FREE_BLOCK)]),
  };

  it('with chained file set descriptors shows the set with the highest number', async () => {
    const blocks = {
      ...roots,
      0: fileSet({ next: 30 }),
      30: fileSet({ block: 30, number: 2, root: 40, next: 31 }),
      31: fileSet({ block: 31, number: 1, root: 1 }),
    };
    expect(await expectHello(buildUdf({ blocks }))).toEqual([]);
  });

  it('with several descriptors of one file set shows the newest of them', async () => {
    const blocks = {
      ...roots,
      0: fileSet({ descriptorNumber: 1, next: 30 }),
      30: fileSet({ block: 30, descriptorNumber: 2, root: 40 }),
    };
    expect(await expectHello(buildUdf({ blocks }))).toEqual([]);
  });
});

describe('U9: a volume without ISO 9660', () => {
  it('is read whatever revision it asks of readers', async () => {
    await using image = await openBytes(buildUdf({ ...HELLO, minimumReadRevision: 0x0260 }));
    expect(image.trees.map(({ kind }) => kind)).toEqual(['udf']);
    expect(image.volume.udf).toEqual({
      revision: '2.01',
      minimumReadRevision: '2.60',
      partitions: ['physical'],
      isClosed: true,
      files: 7,
      directories: 2,
    });
  });

  it('of 100 GB is read to its end', async () => {
    const block = 48_000_000;
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-udf-'));
    try {
      const path = join(folder, 'large.img');
      const file = await open(path, 'w');
      await file.write(
        buildUdf({ root: [identifier('hello', block)], partitionBlocks: block + 1, sectors: SECTORS }),
      );
      await file.write(textFile(block, 'hello'), 0, undefined, (PARTITION_START + block) * 2048);
      await file.truncate((PARTITION_START + block + 1) * 2048);
      await file.close();
      await using image = await openImage(path);
      expect((await readAll(image)).entries.get('/hello')).toMatchObject({ sha256: HELLO_HASH });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
