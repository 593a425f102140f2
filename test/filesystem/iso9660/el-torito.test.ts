// Boot catalogues: what is listed, and what is said of broken ones.
import { describe, expect, it } from 'vitest';
import { PlainSectorReader } from '../../../src/disc/sector-reader.js';
import { readBootCatalog } from '../../../src/filesystem/iso9660/el-torito.js';
import type { BootEntry } from '../../../src/filesystem/iso9660/el-torito.js';
import { FaultySource } from '../../support/faulty-source.js';

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
  const reader = new PlainSectorReader(new FaultySource(image));
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
});
