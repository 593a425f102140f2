// Files of form 2 (CD-ROM XA): a Video CD that vcdxbuild has written, by each value of --xa, and what is said where an
// image holds too little of their sectors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { openImage, openSource } from '../../../src/image/open-image.js';
import type { OpenedImage } from '../../../src/image/open-image.js';
import { buildIso } from '../../support/builders/iso-builder.js';
import type { RecordSpec } from '../../support/builders/iso-builder.js';
import { makeDisc, makeNoise, openDiscOf } from '../../support/builders/made-disc.js';
import { videoPack } from '../../support/builders/mpeg-stream.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { readFileContent } from '../../support/judges/file-content.js';
import { needs } from '../../support/needs.js';

const RAW = 2352;
const RIFF_HEADER = 44;
const xa = (bits: number): Uint8Array =>
  Buffer.from([0, 0, 0, 0, bits >> 8, bits & 0xff, 0x58, 0x41, 1, 0, 0, 0, 0, 0]);
const FORM_2 = xa(0x1555);

function discWith(record: Partial<RecordSpec>): Buffer {
  const patch = (primary: Uint8Array): void => primary.set(Buffer.from('CD-XA001'), 1024);
  const root = [{ name: 'V.DAT;1', extent: 30, size: 4 * 2048, systemUse: FORM_2, ...record }];
  return Buffer.from(buildIso({ root, patch, length: 40 }));
}

function codesOf(image: OpenedImage): string[] {
  return image.findings.findings.map(({ code }) => code);
}

describe('a Video CD', needs('vcdxbuild', 'vcdxgen'), () => {
  let folder: string;
  let cue: string;
  let bin: Buffer;
  const PATH = '/MPEGAV/AVSEQ01.DAT';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isodrive-vcd-'));
    writeFileSync(join(folder, 'a.mpg'), videoPack(200));
    const sheet = join(folder, 'vcd.xml');
    await mustRun('vcdxgen', ['-o', sheet, join(folder, 'a.mpg')], { cwd: folder });
    cue = join(folder, 'vcd.cue');
    await mustRun('vcdxbuild', ['-q', '-c', cue, '-b', join(folder, 'vcd.bin'), sheet], { cwd: folder });
    bin = readFileSync(join(folder, 'vcd.bin'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Bytes of each of the file's sectors, as they stand in the .bin. */
  async function sectorsOf(from: number, length: number): Promise<Buffer> {
    await using image = await openImage(cue);
    const row = await image.index.resolve(await pathIn(image));
    const { size } = image.index.node(row);
    const second = image.disc.sessions[0]!.tracks[1]!;
    const parts = Array.from({ length: size / 2048 }, (_, i) => {
      const at = (second.start + i) * RAW + from;
      return bin.subarray(at, at + length);
    });
    return Buffer.concat(parts);
  }

  /** Its name, in whatever case the view has it. */
  async function pathIn(image: OpenedImage): Promise<string> {
    await image.index.loadAll();
    for (const path of [PATH, PATH.toLowerCase()]) {
      const found = await image.index.resolve(path).catch(() => undefined);
      if (found !== undefined) return path;
    }
    throw new Error(`No ${PATH} on the disc`);
  }

  it.each([
    ['cooked', 24, 2048, 0],
    ['riff', 0, RAW, RIFF_HEADER],
    ['payload', 24, 2324, 0],
  ] as const)('has files of form 2 by --xa %s', async (shape, from, length, header) => {
    const wanted = await sectorsOf(from, length);
    await using image = await openImage(cue, { xa: shape });
    const content = await readFileContent(image, await pathIn(image));
    expect(content.length).toBe(wanted.length + header);
    expect(content.subarray(header).equals(wanted)).toBe(true);
    expect(codesOf(image)).not.toContain('large-sectors');
    if (header === 0) return;
    expect(content.toString('latin1', 0, 16)).toMatch(/^RIFF....CDXAfmt $/su);
    expect(content.readUInt32LE(4)).toBe(content.length - 8);
    expect(content.toString('latin1', 26, 28)).toBe('XA');
    expect([content.toString('latin1', 36, 40), content.readUInt32LE(40)]).toEqual(['data', wanted.length]);
  });

  it('has the stream that it was made of in its user data', async () => {
    await using image = await openImage(cue, { xa: 'payload' });
    const content = await readFileContent(image, await pathIn(image));
    // vcdimager puts one pack into each sector, and empty ones before and behind.
    expect(content.indexOf(Buffer.from([0, 0, 1, 0xba])) % 2324).toBe(0);
  });
});

describe('a file of form 2', () => {
  const sound = makeNoise(5, 1);

  it.each(['cooked', 'riff', 'payload'] as const)(
    'of an image of 2048 bytes a sector is told, and shown as it is stored: --xa %s',
    async (shape) => {
      await using image = await openSource(new FaultySource(discWith({})), { xa: shape });
      expect(image.index.node(await image.index.resolve('/v.dat')).size).toBe(4 * 2048);
      expect(codesOf(image)).toEqual(['large-sectors']);
    },
  );

  it('is told where sectors are made for another view', async () => {
    const plain = new FaultySource(discWith({}));
    await using image = await openSource(plain, { xa: 'riff', tree: 'all' });
    expect(image.index.node(await image.index.resolve('/iso9660/v.dat')).size).toBe(4 * 2048);
    expect(codesOf(image)).toEqual(['large-sectors']);
  });

  it('in which form 1 stands too has whole sectors by --xa payload', async () => {
    for (const bits of [0x3555, 0x1d55]) {
      const made = makeDisc([{ data: discWith({ systemUse: xa(bits) }), mode: 'xa' }, { sound }]);
      await using image = await openDiscOf(made, { xa: 'payload' });
      const content = await readFileContent(image, '/v.dat');
      expect(content.subarray(RIFF_HEADER).equals(made.file.subarray(30 * RAW, 34 * RAW))).toBe(true);
    }
  });

  it('that ends within a sector has all of it', async () => {
    const made = makeDisc([{ data: discWith({ size: 5000 }), mode: 'xa' }]);
    await using image = await openDiscOf(made, { xa: 'payload' });
    expect(image.index.node(await image.index.resolve('/v.dat')).size).toBe(3 * 2324);
  });

  it('that lies beyond the end is no more than that', async () => {
    const made = makeDisc([{ data: discWith({ extent: 39 }), mode: 'xa' }]);
    await using image = await openDiscOf(made, { xa: 'riff' });
    expect(image.index.node(await image.index.resolve('/v.dat')).size).toBe(4 * 2048);
    expect(codesOf(image)).toContain('large-sectors');
  });

  it('is another than one of form 1, which stays as it is', async () => {
    const made = makeDisc([{ data: discWith({ systemUse: xa(0x0d55) }), mode: 'xa' }]);
    await using image = await openDiscOf(made, { xa: 'riff' });
    expect(image.index.node(await image.index.resolve('/v.dat')).size).toBe(4 * 2048);
    expect(codesOf(image)).toEqual([]);
  });
});
