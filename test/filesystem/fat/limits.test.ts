// Every limit of the FAT reader: what is at a limit is read, what is above is cut or refused, and says so.
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../../src/base/byte-cursor.js';
import {
  MAX_CLUSTERS_12,
  MAX_CLUSTERS_16,
  MAX_CLUSTERS_32,
  MAX_SECTOR_BYTES,
  isFatBootSector,
  parseBootSector,
} from '../../../src/filesystem/fat/boot-sector.js';
import { MAX_ROUNDS, SPARE_STEPS } from '../../../src/filesystem/fat/cluster-table.js';
import { MAX_DIRECTORY_BYTES } from '../../../src/filesystem/fat/fat-tree.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const SECTOR = 512;
const ENTRY = 32;
const ROOT_ENTRIES = 512;

/** A boot sector with clusters of one sector. */
function bootSector(clusters: number, sectorSize = SECTOR, isWide = clusters > MAX_CLUSTERS_16): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector.set([0xeb, 0x3c, 0x90]);
  sector.writeUInt16LE(sectorSize, 11);
  sector.set([1, 1, 0, 1], 13);
  sector.writeUInt16LE(isWide ? 0 : ROOT_ENTRIES, 17);
  const tableSectors = Math.ceil((clusters + 2) / (SECTOR / 4));
  if (isWide) sector.writeUInt32LE(tableSectors, 36);
  else sector.writeUInt16LE(tableSectors, 22);
  sector[21] = 0xf8;
  const rootSectors = isWide ? 0 : (ROOT_ENTRIES * ENTRY) / sectorSize;
  sector.writeUInt32LE(1 + tableSectors + rootSectors + clusters, 32);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

interface Row {
  readonly name: string;
  readonly cluster: number;
  readonly size: number;
  readonly isDirectory?: boolean;
}

function entry({ name, cluster, size, isDirectory = false }: Row): Buffer {
  const bytes = Buffer.alloc(ENTRY, 0);
  bytes.write(name.padEnd(11), 'latin1');
  bytes[11] = isDirectory ? 0x10 : 0x20;
  bytes.writeUInt16LE(cluster, 26);
  bytes.writeUInt32LE(size, 28);
  return bytes;
}

/** A FAT16 volume of one chain from cluster 2 over `chain` clusters; `fill` writes into the bytes of the chain. */
function volume(
  clusters: number,
  chain: number,
  root: readonly Row[],
  fill?: (data: Buffer) => void,
): Buffer {
  const boot = bootSector(clusters);
  const table = Buffer.alloc(boot.readUInt16LE(22) * SECTOR);
  for (let i = 0; i < chain; i += 1) table.writeUInt16LE(i + 1 < chain ? i + 3 : 0xffff, 2 * (i + 2));
  const rootBytes = Buffer.alloc(ROOT_ENTRIES * ENTRY);
  Buffer.concat(root.map(entry)).copy(rootBytes);
  const data = Buffer.alloc(clusters * SECTOR);
  fill?.(data);
  return Buffer.concat([boot, table, rootBytes, data]);
}

const parse = (bytes: Buffer): ByteCursor => new ByteCursor(bytes, 'memory', 0);

describe('Limit of', () => {
  it.each([
    [MAX_CLUSTERS_12, false, 12],
    [MAX_CLUSTERS_12 + 1, false, 16],
    [MAX_CLUSTERS_16, false, 16],
    [MAX_CLUSTERS_16 + 1, true, 32],
    [MAX_CLUSTERS_32, true, 32],
  ] as const)(
    'clusters: %i of a volume laid out wide: %s, have entries of %i bits',
    (clusters, isWide, width) => {
      expect(parseBootSector(parse(bootSector(clusters, SECTOR, isWide))).width).toBe(width);
    },
  );

  it('clusters of any volume', () => {
    const sector = bootSector(MAX_CLUSTERS_32, SECTOR, true);
    sector.writeUInt32LE(sector.readUInt32LE(32) + 1, 32);
    expect(isFatBootSector(parse(sector))).toBe(false);
  });

  it.each([
    [MAX_SECTOR_BYTES, true],
    [MAX_SECTOR_BYTES * 2, false],
    [SECTOR / 2, false],
  ])('bytes of a sector: %i make a volume: %s', (sectorSize, isVolume) => {
    expect(isFatBootSector(parse(bootSector(1000, sectorSize)))).toBe(isVolume);
  });

  it.each([
    [0, []],
    [1, ['broken-cluster-chain']],
  ])('bytes of a directory, and %i clusters more', async (more, expected) => {
    const chain = MAX_DIRECTORY_BYTES / SECTOR + more;
    const directory = { name: 'DIR', cluster: 2, size: 0, isDirectory: true };
    const image = volume(chain + 100, chain, [directory], (data) => {
      const deleted = Buffer.from(entry({ name: '\xe5', cluster: 0, size: 0 }));
      for (let at = 0; at < chain * SECTOR; at += ENTRY) deleted.copy(data, at);
      entry({ name: 'LAST', cluster: 0, size: 0 }).copy(data, MAX_DIRECTORY_BYTES - ENTRY);
      if (more > 0) entry({ name: 'BEHIND', cluster: 0, size: 0 }).copy(data, MAX_DIRECTORY_BYTES);
    });
    await using opened = await openBytes(image);
    const { entries, codes } = await readAll(opened);
    expect([[...entries.keys()], codes]).toEqual([['/', '/DIR', '/DIR/LAST'], expected]);
  });

  it('clusters that are followed', async () => {
    const chain = 4200;
    const clusters = chain + 10;
    const count = 20;
    const rows = Array.from({ length: count }, (_, i) => ({
      name: `F${String(i).padStart(2, '0')}`,
      cluster: 2,
      size: chain * SECTOR,
    }));
    await using opened = await openBytes(volume(clusters, chain, rows));
    // Opening the volume has looked at its root once; whoever lists it follows the chains a second time.
    const allowed = Math.floor((MAX_ROUNDS * clusters + SPARE_STEPS) / chain);
    await opened.index.children(0);
    const { findings } = opened.findings;
    expect(findings.every(({ message }) => message.includes('its clusters belong to many files'))).toBe(true);
    expect(findings.length).toBeGreaterThanOrEqual(count - allowed);
    expect(allowed).toBeGreaterThanOrEqual(MAX_ROUNDS);
  });
});
