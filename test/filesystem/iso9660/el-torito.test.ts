// Boot catalogues: what is listed, and what is said of broken ones.
import { describe, expect, it } from 'vitest';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { MAX_CATALOG_BYTES, readBootCatalog } from '../../../src/filesystem/iso9660/el-torito.js';
import type { BootEntry } from '../../../src/filesystem/contract/boot-entry.js';
import { isoFileSystem } from '../../../src/filesystem/iso9660/probe.js';
import { WorkBudget } from '../../../src/filesystem/contract/work-budget.js';
import { bootRecord, terminator } from '../../support/builders/descriptor-builder.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import {
  ER,
  SP,
  both32,
  buildIso,
  ce,
  directory,
  field,
  join,
  nm,
} from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

const VALIDATION = [1, 0, 0, 0, ...Array<number>(24).fill(0), 0xaa, 0x55, 0x55, 0xaa];

function entry(indicator: number, media: number, sectors: number, block: number): number[] {
  const bytes = Buffer.alloc(32);
  bytes[0] = indicator;
  bytes[1] = media;
  bytes.writeUInt16LE(sectors, 6);
  bytes.writeUInt32LE(block, 8);
  return [...bytes];
}

function header(id: number, platform: number, count: number): number[] {
  return [id, platform, count, 0, ...Array<number>(28).fill(0)];
}

async function read(catalog: number[], block = 1): Promise<{ entries: BootEntry[]; messages: string[] }> {
  const image = Buffer.alloc(8 * 2048);
  image.set(catalog, 2048);
  const messages: string[] = [];
  const reader = PlanStream.plain(new FaultySource(image));
  // A checksum that adds up, whatever the words before it.
  image.writeUInt16LE(0, 2048 + 28);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += image.readUInt16LE(2048 + at);
  image.writeUInt16LE(-sum & 0xffff, 2048 + 28);
  const entries = await readBootCatalog(reader, block, ({ message }) => messages.push(message));
  return { entries, messages };
}

describe('a boot catalogue', () => {
  it('lists the default entry and those of every section', async () => {
    const { entries, messages } = await read([
      ...VALIDATION,
      ...entry(0x88, 0, 4, 100),
      ...header(0x90, 0xef, 1),
      ...entry(0x88, 0, 0, 200),
      ...header(0x91, 0, 2),
      ...entry(0x00, 2, 1, 300),
      ...entry(0x88, 4, 1, 400),
    ]);
    expect(messages).toEqual([]);
    expect(entries).toEqual([
      { platform: 'x86', bootable: true, emulation: 'none', loadSize: 2048, offset: 100 * 2048 },
      { platform: 'efi', bootable: true, emulation: 'none', loadSize: 0, offset: 200 * 2048 },
      { platform: 'x86', bootable: false, emulation: 'floppy-1.44', loadSize: 512, offset: 300 * 2048 },
      { platform: 'x86', bootable: true, emulation: 'hard-disk', loadSize: 512, offset: 400 * 2048 },
    ]);
  });

  it('lists the sections of a long chain of headers, empty ones and extensions between', async () => {
    const extension = [0x44, 0x20, ...Array<number>(30).fill(7)];
    const { entries, messages } = await read([
      ...VALIDATION,
      ...entry(0x88, 0, 4, 100),
      ...header(0x90, 0xef, 0),
      ...header(0x90, 2, 1),
      ...entry(0x88, 0, 1, 200),
      ...extension,
      ...header(0x90, 1, 1),
      ...extension,
      ...entry(0x88, 0, 1, 300),
      ...header(0x91, 0xef, 1),
      ...entry(0x88, 0, 1, 400),
      ...entry(0x88, 0, 1, 500),
    ]);
    expect(entries.map(({ platform, offset }) => [platform, offset / 2048])).toEqual([
      ['x86', 100],
      ['mac', 200],
      ['powerpc', 300],
      ['efi', 400],
    ]);
    expect(messages).toEqual([]);
  });

  it.each([
    [63, 0, 'lies at byte 2048, but the image ends'],
    [64, 1, undefined],
    [64 + 32 + 31, 1, 'its rest is left out'],
    [64 + 32 + 32, 2, 'its rest is left out'],
  ])('cut off after %i bytes has %i entries', async (bytes, count, message) => {
    const catalog = [
      ...VALIDATION,
      ...entry(0x88, 0, 4, 100),
      ...header(0x91, 0xef, 3),
      ...entry(0x88, 0, 1, 200),
      ...entry(0x88, 0, 1, 300),
    ];
    const image = Buffer.concat([Buffer.alloc(2048), Buffer.from(catalog).subarray(0, bytes)]);
    const messages: string[] = [];
    const reader = PlanStream.plain(new FaultySource(image));
    const entries = await readBootCatalog(reader, 1, ({ message: one }) => messages.push(one));
    expect(entries).toHaveLength(count);
    if (message === undefined) expect(messages).toEqual([]);
    else expect(messages.join()).toContain(message);
  });

  it('is read as far as it goes when its last section promises too many entries', async () => {
    const { entries } = await read([...VALIDATION, ...entry(0x88, 0, 4, 100), ...header(0x91, 0xef, 255)]);
    expect(entries.length).toBeLessThan(257);
    expect(entries[0]?.offset).toBe(100 * 2048);
  });

  it('that lies outside of the image gives no entry and a finding', async () => {
    const { entries, messages } = await read(VALIDATION, 5000);
    expect(entries).toEqual([]);
    expect(messages).toEqual(['Boot catalogue lies at byte 10240000, but the image ends at byte 16384']);
  });

  it('without validation entry gives no entry and a finding', async () => {
    const { entries, messages } = await read([9, ...VALIDATION.slice(1)]);
    expect(entries).toEqual([]);
    expect(messages).toEqual(['Boot catalogue starts with 9, expected a validation entry (1)']);
  });

  it('with section entries that have no header (Mageia 4) lists them for the first platform', async () => {
    const { entries, messages } = await read([
      ...VALIDATION,
      ...entry(0x88, 0, 4, 100),
      ...entry(0x88, 0, 8, 200),
      ...entry(0x88, 0, 8, 300),
    ]);
    expect(entries.map(({ offset }) => offset / 2048)).toEqual([100, 200, 300]);
    expect(messages).toEqual([
      'Section entries stand without a section header, they are taken for those of the first platform',
    ]);
  });

  it('whose last header does not say that it is the last (FreeBSD 11) is read to its end', async () => {
    const { entries, messages } = await read([
      ...VALIDATION,
      ...entry(0x88, 0, 4, 100),
      ...header(0x90, 0xef, 1),
      ...entry(0x88, 0, 8, 200),
    ]);
    expect(entries.map(({ platform }) => platform)).toEqual(['x86', 'efi']);
    expect(messages).toEqual(['No section header says that it is the last']);
  });

  it('with a value in the field that should be unused is read', async () => {
    const first = entry(0x88, 0, 4, 100);
    first.fill(0x77, 12, 32);
    const { entries, messages } = await read([...VALIDATION, ...first]);
    expect(entries).toHaveLength(1);
    expect(messages).toEqual([]);
  });

  it('lists load sizes of 0 and 1 as they are, and floppy and hard disk emulation by their media', async () => {
    const { entries } = await read([
      ...VALIDATION,
      ...entry(0x88, 0, 0, 100),
      ...header(0x91, 0xef, 5),
      ...entry(0x88, 0, 1, 200),
      ...[1, 2, 3, 4].flatMap((media) => entry(0x88, media, 1, 300)),
    ]);
    expect(entries.map(({ loadSize }) => loadSize)).toEqual([0, 512, 512, 512, 512, 512]);
    expect(entries.slice(2).map(({ emulation }) => emulation)).toEqual([
      'floppy-1.2',
      'floppy-1.44',
      'floppy-2.88',
      'hard-disk',
    ]);
  });

  it('is read up to its limit and no further', async () => {
    const room = MAX_CATALOG_BYTES / 32 - 3;
    const rows = (count: number): number[] => [
      ...VALIDATION,
      ...entry(0x88, 0, 4, 1),
      ...header(0x91, 0, count & 0xff).map((byte, at) => (at === 3 ? count >> 8 : byte)),
      ...Array.from({ length: count }, () => entry(0x88, 0, 4, 2)).flat(),
    ];
    expect(await read(rows(room))).toMatchObject({ messages: [], entries: { length: room + 1 } });
    const beyond = await read(rows(room + 1));
    expect(beyond.entries).toHaveLength(room + 1);
    expect(beyond.messages).toEqual(['Catalogue is longer than is read, its rest is left out']);
  });
});

describe('A disc with boot images', () => {
  const CATALOG = [...VALIDATION, ...entry(0x88, 0, 4, 25)];

  it('and no volume descriptor (menuet) is empty, and its boot entries are listed', async () => {
    const image = Buffer.alloc(30 * 2048);
    image.set(bootRecord(20), 17 * 2048);
    image.set(terminator(), 18 * 2048);
    image.set(CATALOG, 20 * 2048);
    await using opened = await openBytes(image);
    expect(opened.volume.bootEntries).toMatchObject([{ offset: 25 * 2048, bootable: true }]);
    const { entries, codes } = await readAll(opened);
    expect([...entries.keys()]).toEqual(['/']);
    expect(codes).toEqual(['no-file-system']);
  });

  it('has its catalogue where the boot record says, inside of a continuation area too', async () => {
    const area = Buffer.alloc(2048);
    area.set(nm('long'), 512);
    area.set(CATALOG);
    const root = [{ name: 'A.;1', systemUse: ce(40, 512, 9) }];
    const dotUse = join(SP, ER);
    const image = Buffer.from(buildIso({ root, dotUse, sectors: { 18: terminator(), 40: area } }));
    image.set(bootRecord(40), 17 * 2048);
    await using opened = await openBytes(image);
    expect(opened.volume.bootEntries).toHaveLength(1);
    expect([...(await readAll(opened)).entries.keys()]).toEqual(['/', '/long']);
  });

  it('has its catalogue in a relocated directory, which is hidden, all the same', async () => {
    const catalog = Buffer.alloc(2048);
    catalog.set(CATALOG);
    const moved = directory(42, [{ name: 'BOOT.CAT;1', extent: 40, size: 2048, systemUse: nm('boot.cat') }]);
    const hidden = { name: 'DEEP', extent: 42, size: moved.length, flags: 2, systemUse: field('RE') };
    const holder = directory(44, [hidden]);
    const root = [
      { name: 'RR_MOVED', extent: 44, size: holder.length, flags: 2, systemUse: nm('rr_moved') },
      { name: 'HERE', systemUse: join(nm('here'), field('CL', both32(42))) },
    ];
    const sectors = { 18: terminator(), 40: catalog, 42: moved, 44: holder };
    const image = Buffer.from(buildIso({ root, dotUse: join(SP, ER), sectors }));
    image.set(bootRecord(40), 17 * 2048);
    await using opened = await openBytes(image);
    expect(opened.volume.bootEntries).toHaveLength(1);
    expect([...(await readAll(opened)).entries.keys()].sort()).toEqual(['/', '/here', '/here/boot.cat']);
  });

  it('keeps its files when the medium fails under the catalogue', async () => {
    const image = Buffer.from(buildIso({ root: [{ name: 'A.;1' }], sectors: { 18: terminator() } }));
    image.set(bootRecord(40), 17 * 2048);
    const source = new FaultySource(image);
    source.bad = [40 * 2048, 41 * 2048];
    const findings: string[] = [];
    const volume = await isoFileSystem.probe(PlanStream.plain(source), {
      report: ({ code }) => findings.push(code),
      signal: undefined,
      work: new WorkBudget(image.length),
    });
    expect(volume.summary.bootEntries).toEqual([]);
    expect(findings).toEqual(['damaged-boot-catalog']);
  });
});
