// The two files that `mount --wine` adds to a disc, and what Windows would show of it.
import { PagedImage } from '../../../scripts/fuzz/paged-image.js';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  computeWindowsSerial,
  formatWindowsSerial,
} from '../../../src/filesystem/contract/windows-identity.js';
import { ContentOpener } from '../../../src/image/content-opener.js';
import { openImage, openSource } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { MemorySource } from '../../../scripts/fuzz/memory-source.js';
import { buildIso } from '../../support/builders/iso-builder.js';

const IMAGE = join(import.meta.dirname, '../../corpus/ok/copying-rr.iso');

async function readText(image: OpenedImage, path: string): Promise<string> {
  const content = new ContentOpener(image.index, image.data).open(await image.index.resolve(path));
  const bytes = new Uint8Array(content.size + 10);
  return Buffer.from(bytes.subarray(0, await content.read(bytes, 0))).toString();
}

describe('The serial number of Windows', () => {
  it('adds the bytes of each of four lanes without carry, the first lane highest', () => {
    expect(computeWindowsSerial(Uint8Array.of(1, 2, 3, 4))).toBe(0x01020304);
    expect(computeWindowsSerial(Uint8Array.of(255, 0, 0, 0, 2, 1, 0, 255))).toBe(0x010100ff);
    expect(formatWindowsSerial(0xabc)).toBe('00000ABC');
  });
});

describe('WineTree', () => {
  it('adds label and serial number to the root, and nothing anywhere else', async () => {
    await using image = await openImage(IMAGE, { wine: true });
    await using plain = await openImage(IMAGE);
    await image.index.loadAll();
    await plain.index.loadAll();
    expect(image.index.table.rowCount).toBe(plain.index.table.rowCount + 2);
    expect(await readText(image, '/.windows-label')).toBe(`${plain.volume.windows!.label}\n`);
    const serial = formatWindowsSerial(plain.volume.windows!.serial);
    expect(await readText(image, '/.windows-serial')).toBe(`${serial}\n`);
    expect(await readText(image, '/COPYING')).toBe(await readText(plain, '/COPYING'));
  });

  it('takes the place of files that have these names on the disc', async () => {
    const bytes = buildIso({ root: [{ name: '.windows-label', extent: 30, size: 5 }] });
    await using image = await openSource(new MemorySource('memory', PagedImage.from(bytes)), { wine: true });
    expect((await image.index.children(0)).count).toBe(2);
    expect(await readText(image, '/.windows-label')).toBe('TEST\n');
  });
});
