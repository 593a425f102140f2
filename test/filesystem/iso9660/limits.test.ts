// Every limit of the ISO 9660 reader, and those of names and targets: what is at a limit is read, what is above is
// not, and says so.
import { describe, expect, it } from 'vitest';
import { PlainSectorReader } from '../../../src/disc/sector-reader.js';
import { MAX_NAME_BYTES, MAX_TARGET_BYTES } from '../../../src/filesystem/file-tree.js';
import { MAX_DAMAGED_RECORDS, MAX_EMPTY_SECTORS } from '../../../src/filesystem/iso9660/directory-walker.js';
import { FileSections, MAX_RUNS } from '../../../src/filesystem/iso9660/file-sections.js';
import {
  MAX_PATH_TABLE_BYTES,
  MAX_PATH_TABLE_RECORDS,
  readPathTable,
} from '../../../src/filesystem/iso9660/path-table.js';
import { MAX_SESSIONS, findIsoSessions } from '../../../src/filesystem/iso9660/sessions.js';
import { MAX_DESCRIPTORS } from '../../../src/filesystem/iso9660/volume-descriptor-set.js';
import { parseVolumeDescriptor } from '../../../src/filesystem/iso9660/volume-descriptor.js';
import { descriptor, pathTable, terminator, ucs2 } from '../../support/descriptor-builder.js';
import { FaultySource } from '../../support/faulty-source.js';
import { ROOT_SECTOR, SECTOR, buildIso, directory, record } from '../../support/iso-builder.js';
import { openBytes, readAll } from '../../support/opened-bytes.js';
import { FILE, LINK, ROOT_LOCATOR, ScriptedTree } from '../../support/scripted-tree.js';
import { DiscIndex } from '../../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../../src/index/index-memory.js';
import { FindingLog } from '../../../src/base/finding.js';

async function list(bytes: Uint8Array) {
  await using image = await openBytes(bytes);
  const { entries, codes } = await readAll(image);
  return { paths: [...entries.keys()].filter((path) => path !== '/').sort(), codes };
}

describe('Limit of', () => {
  it.each([
    [MAX_DESCRIPTORS - 1, true],
    [MAX_DESCRIPTORS, false],
  ])('descriptors: a primary one behind %i others is found: %s', async (before, isFound) => {
    const rootAt = 16 + MAX_DESCRIPTORS + 4;
    const root = directory(rootAt, [{ name: 'A.;1' }]);
    const image = Buffer.alloc((rootAt + 4) * SECTOR);
    for (let i = 0; i < before; i += 1) image.write('\x03CD001\x01', (16 + i) * SECTOR, 'latin1');
    image.set(descriptor({ root: { extent: rootAt, size: root.length } }), (16 + before) * SECTOR);
    image.set(root, rootAt * SECTOR);
    if (isFound) expect((await list(image)).paths).toEqual(['/a']);
    else await expect(openBytes(image)).rejects.toMatchObject({ code: 'damaged' });
  });

  it.each([
    [MAX_SESSIONS, MAX_SESSIONS],
    [MAX_SESSIONS + 1, MAX_SESSIONS],
  ])('sessions: of %i there are %i', async (count, found) => {
    const length = 20;
    const image = Buffer.alloc(count * length * SECTOR);
    for (let i = 0; i < count; i += 1) {
      const start = i * length;
      const place = { extent: start + 18, size: SECTOR };
      image.set(descriptor({ root: place, blocks: length }), (start + 16) * SECTOR);
      image.set(terminator(), (start + 17) * SECTOR);
      image.set(record({ name: '\0', flags: 2, ...place }), (start + 18) * SECTOR);
    }
    const sessions = await findIsoSessions(new PlainSectorReader(new FaultySource(image)), 0);
    expect(sessions).toHaveLength(found);
  });

  it.each([
    [MAX_EMPTY_SECTORS, ['/d', '/d/last']],
    [MAX_EMPTY_SECTORS + 1, ['/d']],
  ])('empty sectors in a directory: behind %i a record shows %j', async (empty, paths) => {
    const size = (empty + 1) * SECTOR;
    const inner = Buffer.alloc(size);
    // The sector of "." and ".." ends with padding, which counts as the first.
    inner.set(directory(30, []).subarray(0, 68));
    inner.set(record({ name: 'LAST.;1' }), empty * SECTOR);
    const root = [{ name: 'D', extent: 30, size, flags: 2 }];
    const found = await list(buildIso({ root, sectors: { 30: inner }, length: 40 + empty }));
    expect(found.paths).toEqual(paths);
    expect(found.codes).toEqual(paths.length === 2 ? [] : ['directory-given-up']);
  });

  it.each([
    [MAX_DAMAGED_RECORDS, true],
    [MAX_DAMAGED_RECORDS + 1, false],
  ])('damaged records: behind %i the rest is listed: %s', async (count, isListed) => {
    const rows = Array.from({ length: count }, () => {
      const broken = Buffer.from(record({ name: 'B.;1' }));
      broken[32] = 255;
      return broken;
    });
    const inner = Buffer.alloc(3 * SECTOR);
    inner.set(directory(30, []).subarray(0, 68));
    let at = 68;
    for (const one of [...rows, record({ name: 'LAST.;1' })]) {
      if ((at % SECTOR) + one.length > SECTOR) at += SECTOR - (at % SECTOR);
      inner.set(one, at);
      at += one.length;
    }
    const root = [{ name: 'D', extent: 30, size: inner.length, flags: 2 }];
    const { paths, codes } = await list(buildIso({ root, sectors: { 30: inner } }));
    if (isListed) expect(paths).toContain('/d/last');
    else {
      expect(paths).not.toContain('/d/last');
      expect(codes).toContain('directory-given-up');
    }
  });

  it('runs of a file', () => {
    const sections = new FileSections();
    expect(sections.addInterleaved(0, MAX_RUNS * 512, 512, 512)).toBe(true);
    expect(sections.runs).toHaveLength(MAX_RUNS);
    expect(sections.add(2 ** 40, 1)).toBe(false);
    sections.clear();
    expect(sections.addInterleaved(0, MAX_RUNS * 512 + 1, 512, 512)).toBe(false);
    expect(sections.runs).toEqual([]);
  });

  it('records and bytes of a path table', async () => {
    const rows = Array.from({ length: MAX_PATH_TABLE_RECORDS }, (_, i): [string, number, number] => [
      i === 0 ? '\0' : 'D',
      ROOT_SECTOR + i,
      1,
    ]);
    const read = async (table: Buffer) => {
      const place = { size: table.length, little: 40 };
      const image = Buffer.concat([Buffer.alloc(40 * SECTOR), table]);
      const bytes = descriptor({ root: { extent: ROOT_SECTOR, size: SECTOR }, pathTable: place });
      const reader = new PlainSectorReader(new FaultySource(image));
      return readPathTable(reader, parseVolumeDescriptor(bytes, 'memory', 0));
    };
    expect(await read(pathTable(rows))).toHaveLength(MAX_PATH_TABLE_RECORDS);
    expect(await read(pathTable([...rows, ['E', 9, 1]]))).toHaveLength(MAX_PATH_TABLE_RECORDS);
    // Of names with 200 bytes fewer fit into the bytes that are read.
    const long = rows.map(
      ([name, extent, parent], i) => [i === 0 ? name : 'N'.repeat(200), extent, parent] as const,
    );
    const fitting = Math.floor((MAX_PATH_TABLE_BYTES - 10) / 208) + 1;
    expect(await read(pathTable(long))).toHaveLength(fitting);
  });

  it('bytes of a name', async () => {
    const names = ['\u65e5'.repeat(85), `${'\u65e5'.repeat(85)}x`];
    const root = directory(
      40,
      names.map((name) => ({ name: ucs2(name) })),
    );
    const svd = descriptor({ type: 2, escapes: '%/E', root: { extent: 40, size: root.length } });
    await using image = await openBytes(
      buildIso({ root: [], sectors: { 17: svd, 18: terminator(), 40: root } }),
    );
    const { first, count } = await image.index.children(0);
    const shown = Array.from({ length: count }, (_, i) => image.index.table.name(first + i).length);
    expect(shown).toEqual([MAX_NAME_BYTES, MAX_NAME_BYTES]);
    expect(image.findings.findings.map(({ code }) => code)).toEqual(['long-name', 'duplicate-name']);
  });

  it('bytes of a symlink target', async () => {
    const nodes = [MAX_TARGET_BYTES, MAX_TARGET_BYTES + 1].map((length, i) => ({
      name: `link${i}`,
      mode: LINK,
      target: 't'.repeat(length),
    }));
    const findings = new FindingLog();
    const tree = new ScriptedTree(new Map([[ROOT_LOCATOR, [...nodes, { name: 'x', mode: FILE }]]]));
    const index = await DiscIndex.open(tree, new PlainIndexMemory(), findings, 'memory');
    const { first } = await index.children(0);
    const lengths = [first, first + 1].map((row) => index.node(row).target?.length);
    expect(lengths).toEqual([MAX_TARGET_BYTES, MAX_TARGET_BYTES]);
    expect(findings.findings.map(({ code }) => code)).toEqual(['invalid-target']);
  });
});
