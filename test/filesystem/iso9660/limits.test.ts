// Every limit of the ISO 9660 reader, and those of names and targets: what is at a limit is read, what is above is
// not, and says so.
import { describe, expect, it } from 'vitest';
import { ByteCursor } from '../../../src/base/byte-cursor.js';
import { ContinuationAreas } from '../../../src/filesystem/iso9660/continuation-areas.js';
import { MAX_ZONE, ShortDateReader } from '../../../src/filesystem/iso9660/date.js';
import {
  MAX_ID_BYTES,
  decodeAccessControl,
} from '../../../src/filesystem/iso9660/rock-ridge/access-control-list.js';
import {
  AttributeList,
  MAX_ATTRIBUTE_NAME_BYTES,
  MAX_TREE_ATTRIBUTE_BYTES,
} from '../../../src/filesystem/iso9660/rock-ridge/attribute-list.js';
import type {
  AttributeBudget,
  AttributesFound,
} from '../../../src/filesystem/iso9660/rock-ridge/attribute-list.js';
import { RockRidgeDecoder } from '../../../src/filesystem/iso9660/rock-ridge/rock-ridge-decoder.js';
import { MAX_CONTINUATION_BYTES } from '../../../src/filesystem/iso9660/susp.js';
import { MAX_OVERHEAD } from '../../../src/filesystem/iso9660/zisofs/zisofs-content.js';
import { MAX_BLOCK_SHIFT, readZisofsField } from '../../../src/filesystem/iso9660/zisofs/zisofs-field.js';
import { ContentOpener } from '../../../src/image/content-opener.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { MAX_NAME_BYTES, MAX_TARGET_BYTES } from '../../../src/filesystem/contract/file-tree.js';
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
import { WorkBudget } from '../../../src/filesystem/contract/work-budget.js';
import { descriptor, pathTable, terminator, ucs2 } from '../../support/builders/descriptor-builder.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import {
  ROOT_SECTOR,
  SECTOR,
  buildIso,
  ce,
  directory,
  field,
  join,
  nm,
  px,
  record,
} from '../../support/builders/iso-builder.js';
import { rockRidge } from '../../support/builders/rock-ridge-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';
import { FILE, LINK, ROOT_LOCATOR, ScriptedTree } from '../../support/fakes/scripted-tree.js';
import { makeImage, makeZisofs, zf } from '../../support/builders/zisofs-builder.js';
import { DiscIndex } from '../../../src/index/disc-index.js';
import { PlainIndexMemory } from '../../../src/index/index-memory.js';
import { FindingLog } from '../../../src/base/finding.js';

const BLOCK = 32_768;
const EMPTY = PlanStream.plain(new FaultySource(new Uint8Array()));

/** AL fields of one name and its value, each shorter than 256 bytes. */
function al(name: Uint8Array, value: Uint8Array): Buffer[] {
  const component = (text: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of(0, Math.min(text.length, 250)), text]);
  if (name.length <= 240) return [Buffer.from(field('AL', 0, component(name), component(value)))];
  const head = Buffer.concat([Buffer.of(1, 200), name.subarray(0, 200)]);
  const rest = name.subarray(200);
  const tail = Buffer.concat([Buffer.of(0, rest.length), rest, component(value)]);
  return [Buffer.from(field('AL', 1, head)), Buffer.from(field('AL', 0, tail))];
}

function attributesOf(fields: readonly Buffer[], budget: AttributeBudget): AttributesFound {
  const attributes = new AttributeList();
  for (const one of fields) attributes.addField(new ByteCursor(one, 'memory', 0), 0, one.length);
  return attributes.finish(budget);
}

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
    const sessions = await findIsoSessions(PlanStream.plain(new FaultySource(image)), 0);
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
      const reader = PlanStream.plain(new FaultySource(image));
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
    // The duplicate has 84 of the 85 characters and ~2.
    expect(shown).toEqual([84 * 3 + 2, MAX_NAME_BYTES]);
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

  it.each([
    [MAX_CONTINUATION_BYTES, ['/name'], []],
    [MAX_CONTINUATION_BYTES + 1, ['/a'], ['damaged-system-use']],
  ])('bytes of a continuation area: %i', async (length, paths, codes) => {
    const systemUse = join(px(FILE), ce(40, 0, length));
    const image = rockRidge([{ name: 'A.;1', systemUse }], { 40: nm('name') });
    expect(await list(image)).toEqual({ paths, codes });
  });

  it('quarters of an hour in a zone', () => {
    const zones = [MAX_ZONE, MAX_ZONE + 1, -MAX_ZONE, -MAX_ZONE - 1];
    const seconds = zones.map((zone) => {
      const time = { seconds: 0, microseconds: 0 };
      const bytes = Buffer.of(70, 1, 1, 0, 0, 0, zone & 0xff);
      new ShortDateReader().read(new ByteCursor(bytes, 'memory', 0), 0, time);
      return time.seconds;
    });
    expect(seconds).toEqual([-MAX_ZONE * 900, 0, MAX_ZONE * 900, 0]);
  });

  it('bytes of an id in an access control list', () => {
    const list = (bytes: readonly number[]): Uint8Array =>
      Uint8Array.from([0x17, 0xaf, bytes.length, ...bytes, 0x35, 0x57, 0x65]);
    expect(decodeAccessControl(list(Array<number>(MAX_ID_BYTES).fill(1)))).toHaveLength(1);
    expect(decodeAccessControl(list(Array<number>(MAX_ID_BYTES + 1).fill(0)))).toBeUndefined();
  });

  it.each([
    [MAX_ATTRIBUTE_NAME_BYTES, 1, undefined],
    [MAX_ATTRIBUTE_NAME_BYTES + 1, 0, 'a name that is invalid'],
  ])('bytes of the name of an attribute: of %i there are %i', (length, count, fault) => {
    const rest = 'n'.repeat(length - 'user.'.length);
    const found = attributesOf(al(Buffer.from(`\x03${rest}`), Buffer.from('v')), { bytes: 1e6 });
    expect([found.attributes.length, found.fault]).toEqual([count, fault]);
  });

  it('bytes of all attributes of a tree', () => {
    const fields = al(Buffer.from('\x03a'), Buffer.from('v'));
    const bytes = fields[0]!.length - 5;
    const budget = { bytes: 2 * bytes };
    const counts = [1, 2, 3].map(() => attributesOf(fields, budget).attributes.length);
    expect(counts).toEqual([1, 1, 0]);
    expect(attributesOf(fields, budget).fault).toContain(`${MAX_TREE_ATTRIBUTE_BYTES} bytes`);
    expect(
      new RockRidgeDecoder(new ContinuationAreas(EMPTY, new WorkBudget(0)), 'x', 2048, 0).attributeBudget
        .bytes,
    ).toBe(MAX_TREE_ATTRIBUTE_BYTES);
  });

  it.each([
    [1, MAX_BLOCK_SHIFT[1], ''],
    [1, MAX_BLOCK_SHIFT[1] + 1, `block size is 2^${MAX_BLOCK_SHIFT[1] + 1}`],
    [2, MAX_BLOCK_SHIFT[2], ''],
    [2, MAX_BLOCK_SHIFT[2] + 1, `block size is 2^${MAX_BLOCK_SHIFT[2] + 1}`],
  ])('bits of the block size of zisofs, version %i: %i', (version, shift, fault) => {
    const into = { parameters: 0, size: 0, fault: '' };
    const bytes = field('ZF', Buffer.from('PZ'), 4, shift, Buffer.from([5, 0, 0, 0, 0, 0, 0, 0]));
    bytes[3] = version;
    if (version === 1) bytes.set(Buffer.from('pz'), 4);
    readZisofsField(new ByteCursor(bytes, 'memory', 0), 0, bytes.length, into);
    expect(into.fault.startsWith(fault) && (fault === '') === (into.fault === '')).toBe(true);
  });

  it.each([
    [2 * BLOCK + MAX_OVERHEAD, 'cannot be decompressed'],
    [2 * BLOCK + MAX_OVERHEAD + 1, `expected at most ${2 * BLOCK + MAX_OVERHEAD}`],
  ])('compressed bytes of a block of zisofs: %i', async (length, message) => {
    const spec = { version: 1, algorithm: 'zlib', blockShift: 15 } as const;
    const table = makeZisofs(Buffer.alloc(BLOCK), spec);
    table.writeUInt32LE(table.length + length, table.length - 4);
    const stored = Buffer.concat([table, Buffer.alloc(length, 0xff)]);
    await using image = await openBytes(makeImage(stored, zf(spec, BLOCK)));
    const row = await image.index.resolve('packed');
    const content = new ContentOpener(image.index, image.data).open(row);
    await expect(content.read(new Uint8Array(10), 0)).rejects.toThrow(message);
  });
});
