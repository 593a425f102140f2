// Partition tables: what sgdisk, sfdisk and xorriso write is listed, what is wrong is told, and nothing is believed.
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import type { Finding } from '../../../src/base/finding.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { MAX_BLOCK_SIZE, MAX_MAP_ENTRIES } from '../../../src/filesystem/partition/apple-partition-map.js';
import { MAX_LOGICAL_PARTITIONS } from '../../../src/filesystem/partition/extended-partition.js';
import { MAX_ENTRY_BYTES, MAX_GPT_ENTRIES } from '../../../src/filesystem/partition/guid-partition-table.js';
import type { Partition } from '../../../src/filesystem/contract/partition.js';
import { readPartitions } from '../../../src/filesystem/partition/read-partitions.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { needs } from '../../support/needs.js';

const SECTOR = 512;
const EFI_TYPE = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';

async function read(bytes: Uint8Array): Promise<{ partitions: Partition[]; codes: string[] }> {
  const findings: Finding[] = [];
  const reader = PlanStream.plain(new FaultySource(bytes));
  const partitions = await readPartitions(reader, (finding) => void findings.push(finding));
  return { partitions, codes: findings.map(({ code }) => code) };
}

/** A map whose entries stand in blocks of this size. */
function appleMap(blockSize: number, declared: number, present: number, descriptor = true): Buffer {
  const bytes = Buffer.alloc(512 * 1024);
  if (descriptor) {
    bytes.write('ER', 0, 'latin1');
    bytes.writeUInt16BE(blockSize, 2);
  }
  for (let i = 0; i < present; i += 1) {
    const at = (i + 1) * blockSize;
    bytes.write('PM', at, 'latin1');
    bytes.writeUInt32BE(declared, at + 4);
    bytes.writeUInt32BE(i * 2 + 1, at + 8);
    bytes.writeUInt32BE(2, at + 12);
    bytes.write(`Name ${i}`, at + 16, 'latin1');
    bytes.write('Apple_HFS', at + 48, 'latin1');
  }
  return bytes;
}

describe('a GPT written by sgdisk', needs('sgdisk'), () => {
  let folder: string;
  let bytes: Buffer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-gpt-'));
    const path = join(folder, 'disk.img');
    await writeFile(path, '');
    await truncate(path, 4 * 1024 * 1024);
    const parts = [
      '-n',
      '1:64:127',
      '-t',
      '1:ef00',
      '-c',
      '1:EFI system',
      '-n',
      '5:128:1000',
      '-c',
      '5:\u00e4\u03a9',
    ];
    await mustRun('sgdisk', ['-a', '1', ...parts, path]);
    bytes = await readFile(path);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is listed with numbers, names, types and places', async () => {
    const { partitions, codes } = await read(bytes);
    expect(partitions.filter(({ scheme }) => scheme === 'gpt')).toEqual([
      {
        scheme: 'gpt',
        index: 1,
        type: EFI_TYPE,
        name: 'EFI system',
        start: 64 * SECTOR,
        length: 64 * SECTOR,
      },
      expect.objectContaining({ index: 5, name: '\u00e4\u03a9', start: 128 * SECTOR, length: 873 * SECTOR }),
    ]);
    expect(partitions.filter(({ scheme }) => scheme === 'mbr')).toMatchObject([
      { type: '0xee', start: SECTOR },
    ]);
    expect(codes).toEqual([]);
  });

  it.each([
    ['its header', SECTOR + 100, []],
    ['its checked header', SECTOR + 70, ['gpt-header-checksum']],
    ['its entries', 2 * SECTOR + 60, ['gpt-entries-checksum']],
    ['its second header', -SECTOR, ['gpt-missing-backup']],
    ['the checksum of its second header', -SECTOR + 16, ['gpt-header-checksum']],
  ])('is read from its other copy when %s is damaged', async (_what, offset, expected) => {
    const broken = Buffer.from(bytes);
    broken.writeUInt8(broken.at(offset)! ^ 0xff, offset < 0 ? broken.length + offset : offset);
    const { partitions, codes } = await read(broken);
    expect(partitions.filter(({ scheme }) => scheme === 'gpt').map(({ name }) => name)).toEqual([
      'EFI system',
      '\u00e4\u03a9',
    ]);
    expect(codes).toEqual(expected);
  });

  it.each([
    [MAX_ENTRY_BYTES, 1],
    [MAX_ENTRY_BYTES * 2, 0],
  ])('with entries of %i bytes lists %i', async (entrySize, count) => {
    const large = Buffer.alloc(4 * 1024 * 1024);
    large.set(bytes.subarray(0, 2 * SECTOR));
    large.writeUInt32LE(entrySize, SECTOR + 84);
    bytes.copy(large, 2 * SECTOR, 2 * SECTOR, 2 * SECTOR + 128);
    expect((await read(large)).partitions.filter(({ scheme }) => scheme === 'gpt').length).toBe(count);
  });

  it('that reaches beyond the image is listed, and told of', async () => {
    const { partitions, codes } = await read(bytes.subarray(0, 200 * SECTOR));
    expect(partitions.filter(({ scheme }) => scheme === 'gpt').length).toBe(2);
    expect(codes).toContain('partition-beyond-end');
    expect(codes).toContain('gpt-missing-backup');
  });

  it.each([
    [MAX_GPT_ENTRIES, MAX_GPT_ENTRIES],
    [MAX_GPT_ENTRIES + 1, MAX_GPT_ENTRIES],
  ])('of %i entries has %i of them looked at', async (count, looked) => {
    const large = Buffer.alloc((count + 8) * 128 + 4096);
    large.set(bytes.subarray(0, 2 * SECTOR));
    large.writeUInt32LE(count, SECTOR + 80);
    for (let i = 0; i < count; i += 1) {
      const at = 2 * SECTOR + i * 128;
      large.fill(0x11, at, at + 16);
      large.writeUInt32LE(1, at + 32);
      large.writeUInt32LE(1, at + 40);
    }
    expect((await read(large)).partitions.filter(({ scheme }) => scheme === 'gpt').length).toBe(looked);
  });
});

/** Boot records, by sector, each of entries: type, first sector as the table counts it, sectors. */
function chain(records: ReadonlyMap<number, readonly (readonly [number, number, number])[]>): Buffer {
  const bytes = Buffer.alloc((Math.max(...records.keys()) + 8) * SECTOR);
  for (const [sector, entries] of records) {
    entries.forEach(([type, start, count], i) => {
      const at = sector * SECTOR + 446 + i * 16;
      bytes[at + 4] = type;
      bytes.writeUInt32LE(start, at + 8);
      bytes.writeUInt32LE(count, at + 12);
    });
    bytes.set([0x55, 0xaa], sector * SECTOR + 510);
  }
  return bytes;
}

describe('logical partitions', () => {
  const logical = (partitions: readonly Partition[]): number[] =>
    partitions.filter(({ index }) => index > 4).map(({ start }) => start / SECTOR);

  it('end where their chain leads back, with what it holds', async () => {
    const records = new Map([
      [0, [[0x0f, 10, 100]]],
      [
        10,
        [
          [0x83, 1, 3],
          [0x05, 20, 5],
        ],
      ],
      [
        30,
        [
          [0x83, 2, 3],
          [0x05, 0, 5],
        ],
      ],
    ] as const);
    const { partitions, codes } = await read(chain(records));
    expect(logical(partitions)).toEqual([11, 32]);
    expect(codes).toEqual(expect.arrayContaining(['broken-extended-partition']));
  });

  it('end where no boot record stands', async () => {
    const records = new Map([
      [0, [[0x05, 10, 50]]],
      [
        10,
        [
          [0x83, 1, 3],
          [0x05, 30, 5],
        ],
      ],
      [70, []],
    ] as const);
    const { partitions, codes } = await read(chain(records));
    expect([logical(partitions), codes]).toEqual([[11], ['broken-extended-partition']]);
  });

  it('need not be there', async () => {
    const { partitions, codes } = await read(
      chain(
        new Map([
          [0, [[0x85, 10, 2]]],
          [16, []],
        ] as const),
      ),
    );
    expect([logical(partitions), codes]).toEqual([[], []]);
  });

  it.each([
    [MAX_LOGICAL_PARTITIONS, MAX_LOGICAL_PARTITIONS, []],
    [MAX_LOGICAL_PARTITIONS + 1, MAX_LOGICAL_PARTITIONS, ['broken-extended-partition']],
  ])('of %i there are %i', async (count, found, expected) => {
    const records = new Map<number, [number, number, number][]>([[0, [[0x05, 10, 4 * count]]]]);
    for (let i = 0; i < count; i += 1) {
      const next: [number, number, number][] = i + 1 < count ? [[0x05, 4 * (i + 1), 4]] : [];
      records.set(10 + 4 * i, [[0x83, 1, 2], ...next]);
    }
    const { partitions, codes } = await read(chain(records));
    expect([logical(partitions).length, codes]).toEqual([found, expected]);
  });
});

describe('an MBR written by sfdisk', needs('sfdisk'), () => {
  it('is listed with types and places', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-mbr-'));
    try {
      const path = join(folder, 'disk.img');
      await writeFile(path, '');
      await truncate(path, 4 * 1024 * 1024);
      const table = 'label: dos\nstart=64, size=100, type=ef, bootable\nstart=200, size=300, type=17\n';
      await mustRun('sh', ['-c', 'printf "%s" "$1" | sfdisk -q "$2"', 'sh', table, path]);
      const { partitions, codes } = await read(await readFile(path));
      expect(partitions).toEqual([
        { scheme: 'mbr', index: 1, type: '0xef', name: '', start: 64 * SECTOR, length: 100 * SECTOR },
        { scheme: 'mbr', index: 2, type: '0x17', name: '', start: 200 * SECTOR, length: 300 * SECTOR },
      ]);
      expect(codes).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a first sector', () => {
  it('has its logical partitions listed behind the others', needs('sfdisk'), async () => {
    const folder = await mkdtemp(join(tmpdir(), 'isodrive-mbr-'));
    try {
      const path = join(folder, 'disk.img');
      await writeFile(path, '');
      await truncate(path, 8 * 1024 * 1024);
      const logical = [
        'start=2100, size=500, type=83',
        'start=3000, size=700, type=c',
        'start=6000, size=9, type=7',
      ];
      const table = [
        'label: dos',
        'start=64, size=100, type=83',
        'start=2048, size=8000, type=5',
        ...logical,
      ];
      await mustRun('sh', ['-c', 'printf "%s\\n" "$1" | sfdisk -q "$2"', 'sh', table.join('\n'), path]);
      const { partitions, codes } = await read(await readFile(path));
      expect(
        partitions.map(({ index, type, start, length }) => [index, type, start / SECTOR, length / SECTOR]),
      ).toEqual([
        [1, '0x83', 64, 100],
        [2, '0x05', 2048, 8000],
        [5, '0x83', 2100, 500],
        [6, '0x0c', 3000, 700],
        [7, '0x07', 6000, 9],
      ]);
      expect(codes).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('with boot code where the table would be has no MBR', async () => {
    const bytes = Buffer.alloc(4096);
    bytes.set([0x55, 0xaa], 510);
    bytes.fill(0x90, 446, 510);
    expect((await read(bytes)).partitions).toEqual([]);
  });

  it('that the medium cannot give declares nothing', async () => {
    const source = new FaultySource(appleMap(512, 2, 2));
    source.bad = [0, 512];
    const partitions = await readPartitions(PlanStream.plain(source), () => undefined);
    expect(partitions.map(({ scheme }) => scheme)).toEqual(['apm', 'apm']);
  });

  it('with a Sun label lists its slices, all the same as they may be', async () => {
    const bytes = Buffer.alloc(64 * 1024);
    bytes.writeUInt16BE(1, 436);
    bytes.writeUInt16BE(4, 438);
    for (let i = 0; i < 8; i += 1) bytes.writeUInt32BE(i < 7 ? 20 : 0, 444 + i * 8 + 4);
    bytes.writeUInt32BE(3, 444);
    bytes.writeUInt32BE(0x600d_deee, 188);
    bytes.writeUInt16BE(2, 142);
    bytes.writeUInt16BE(0xdabe, 508);
    let sum = 0;
    for (let at = 0; at < 510; at += 2) sum ^= bytes.readUInt16BE(at);
    bytes.writeUInt16BE(sum, 510);
    const { partitions } = await read(bytes);
    expect(partitions.length).toBe(7);
    expect(partitions[0]).toEqual({
      ...{ scheme: 'sun', index: 1, type: '0x02', name: '' },
      ...{ start: 3 * 4 * SECTOR, length: 20 * SECTOR },
    });
    bytes.writeUInt16BE(sum ^ 1, 510);
    expect((await read(bytes)).partitions).toEqual([]);
  });
});

describe('an Apple partition map', () => {
  it.each([
    [MAX_BLOCK_SIZE, 3],
    [MAX_BLOCK_SIZE * 2, 0],
  ])('in blocks of %i bytes has %i entries that are looked at', async (blockSize, count) => {
    const { partitions } = await read(appleMap(blockSize, 3, 3));
    expect(partitions.filter(({ scheme }) => scheme === 'apm')).toHaveLength(count);
  });

  it.each([512, 2048])('in blocks of %i bytes is listed', async (blockSize) => {
    for (const descriptor of [true, false]) {
      const { partitions, codes } = await read(appleMap(blockSize, 3, 3, descriptor));
      expect(partitions.length).toBe(3);
      expect(partitions[2]).toEqual({
        ...{ scheme: 'apm', index: 3, type: 'Apple_HFS', name: 'Name 2' },
        ...{ start: 5 * blockSize, length: 2 * blockSize },
      });
      expect(codes).toEqual([]);
    }
  });

  it('that is declared but absent, as on discs of Fedora 34, is told of', async () => {
    expect(await read(appleMap(2048, 3, 0))).toEqual({ partitions: [], codes: ['apple-map-cut'] });
    const { partitions, codes } = await read(appleMap(2048, 3, 1));
    expect([partitions.length, codes]).toEqual([1, ['apple-map-cut']]);
  });

  it('whose blocks are not of the declared size is found, and told of', async () => {
    const bytes = appleMap(512, 2, 2);
    bytes.writeUInt16BE(1024, 2);
    const { partitions, codes } = await read(bytes);
    expect([partitions.length, codes]).toEqual([2, ['apple-map-block-size']]);
  });

  it.each([
    [MAX_MAP_ENTRIES, MAX_MAP_ENTRIES],
    [MAX_MAP_ENTRIES + 1, MAX_MAP_ENTRIES],
  ])('of %i entries has %i of them looked at', async (count, looked) => {
    expect((await read(appleMap(512, count, count))).partitions.length).toBe(looked);
  });
});
