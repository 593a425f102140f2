// I22: discs that were written in several sessions, and images cut out of discs.
import { describe, expect, it } from 'vitest';
import { findIsoSessions } from '../../../src/filesystem/iso9660/sessions.js';
import { PlanStream } from '../../../src/disc/plan-stream.js';
import { descriptor, terminator } from '../../support/builders/descriptor-builder.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';
import { SECTOR, directory } from '../../support/builders/iso-builder.js';
import type { RecordSpec } from '../../support/builders/iso-builder.js';
import { openBytes, readAll } from '../../support/judges/opened-bytes.js';

/** Sectors of a session from its start to its root. */
const ROOT_OFFSET = 20;

interface SessionSpec {
  readonly start: number;
  readonly length: number;
  readonly label: string;
  readonly root: readonly RecordSpec[];
}

/** Writes a session into an image of a disc. */
function write(
  image: Buffer,
  { start, length, label, root }: SessionSpec,
  rootAt = start + ROOT_OFFSET,
): void {
  const bytes = directory(rootAt, root);
  const place = { extent: rootAt, size: bytes.length };
  image.set(descriptor({ root: place, label, blocks: length }), (start + 16) * SECTOR);
  image.set(terminator(), (start + 17) * SECTOR);
  image.set(bytes, rootAt * SECTOR);
}

const FIRST = { start: 0, length: 40, label: 'ONE', root: [{ name: 'OLD.;1', extent: 30, size: 3 }] };
const SECOND = {
  start: 64,
  length: 40,
  label: 'TWO',
  root: [
    { name: 'NEW.;1', extent: 94, size: 3 },
    { name: 'OLD.;1', extent: 30, size: 3 },
  ],
};

function twoSessions(): Buffer {
  const image = Buffer.alloc(110 * SECTOR);
  image.fill('o', 30 * SECTOR, 31 * SECTOR);
  image.fill('n', 94 * SECTOR, 95 * SECTOR);
  write(image, FIRST);
  write(image, SECOND);
  return image;
}

async function listSession(image: Uint8Array, options: Parameters<typeof openBytes>[1] = {}) {
  await using opened = await openBytes(image, options);
  const { entries, codes } = await readAll(opened);
  const paths = [...entries.keys()].filter((path) => path !== '/').sort();
  return { paths, entries, codes, label: opened.tree.label, sessions: opened.sessions };
}

describe('I22: a disc with several sessions', () => {
  it('shows the last, and any other that is asked for', async () => {
    const image = twoSessions();
    const last = await listSession(image);
    expect(last).toMatchObject({ label: 'TWO', paths: ['/new', '/old'], codes: [] });
    expect(
      last.sessions.map(({ number, start, length, label }) => ({ number, start, length, label })),
    ).toEqual([
      { number: 1, start: 0, length: 40, label: 'ONE' },
      { number: 2, start: 64, length: 40, label: 'TWO' },
    ]);
    expect(await listSession(image, { session: 1 })).toMatchObject({ label: 'ONE', paths: ['/old'] });
    expect(await listSession(image, { session: 2 })).toMatchObject({ label: 'TWO' });
  });

  it('has the label of each session in the charset that the user says', async () => {
    const image = Buffer.alloc(110 * SECTOR);
    write(image, { ...FIRST, label: '\xf0\xe5\xf0\xf7' });
    write(image, SECOND);
    const labels = async (charset?: string) =>
      (await listSession(image, { charset })).sessions.map(({ label }) => label);
    expect(await labels('koi8-r')).toEqual(['\u041f\u0415\u041f\u0412', 'TWO']);
    expect(await labels()).toEqual(['\u00f0\u00e5\u00f0\u00f7', 'TWO']);
  });

  it('refuses a session that it does not have', async () => {
    await expect(openBytes(twoSessions(), { session: 3 })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('disc has 2, expected session 3') as string,
    });
  });

  it('finds the next session behind the gap that a CD has', async () => {
    for (const gap of [11_400, 6900]) {
      const start = 40 + gap;
      const image = Buffer.alloc((start + 40) * SECTOR);
      write(image, FIRST);
      write(image, { ...SECOND, start, root: [] });
      const found = await listSession(image);
      expect(found.sessions.map((session) => session.start)).toEqual([0, start]);
    }
  });

  it('takes an image that is a file on the disc for no session', async () => {
    const image = Buffer.alloc(110 * SECTOR);
    write(image, FIRST);
    const inner = Buffer.alloc(40 * SECTOR);
    write(inner, { ...FIRST, label: 'INNER' });
    image.set(inner, 64 * SECTOR);
    expect((await listSession(image)).sessions.map(({ label }) => label)).toEqual(['ONE']);
  });

  it('knows the first session at sector 32 of media that can be written over, and the copy at 0 of the last', async () => {
    const image = Buffer.alloc(160 * SECTOR);
    write(image, { ...FIRST, start: 32, length: 32 });
    write(image, { ...SECOND, start: 96 });
    write(image, { ...SECOND, start: 0, length: 136 }, 96 + ROOT_OFFSET);
    const found = await listSession(image);
    expect(found.sessions.map(({ start, descriptors }) => [start, descriptors])).toEqual([
      [32, 32],
      [96, 0],
    ]);
    expect(found.label).toBe('TWO');
    expect((await listSession(image, { session: 1 })).label).toBe('ONE');
  });

  it('knows the first session behind a partition that has descriptors of its own', async () => {
    const image = Buffer.alloc(180 * SECTOR);
    write(image, { ...FIRST, start: 48, length: 44 });
    write(image, { ...SECOND, start: 112 });
    write(image, { ...SECOND, start: 0, length: 152 }, 112 + ROOT_OFFSET);
    // The partition begins at sector 16; its descriptors count from there.
    image.set(descriptor({ root: { extent: 116, size: SECTOR }, label: 'TWO', blocks: 136 }), 32 * SECTOR);
    image.set([0x80, 0, 0, 0, 0xcd, 0, 0, 0, 64, 0, 0, 0, 0xff, 1, 0, 0], 446);
    image.set([0x55, 0xaa], 510);
    const found = await listSession(image);
    expect(found.sessions.map(({ start, descriptors }) => [start, descriptors])).toEqual([
      [48, 48],
      [112, 0],
    ]);
    expect((await listSession(image, { session: 1 })).label).toBe('ONE');
  });

  it('shows what the descriptors at 0 say when their session is not found', async () => {
    const image = Buffer.alloc(3000 * SECTOR);
    write(image, { ...FIRST, start: 32, length: 32 });
    write(image, { ...SECOND, start: 0, length: 3000 }, 2900);
    const found = await listSession(image);
    expect(found.sessions.map(({ label }) => label)).toEqual(['ONE', 'TWO']);
    expect(found.label).toBe('TWO');
  });

  it('is not lost for a bad sector behind its first session', async () => {
    const image = twoSessions();
    const source = new FaultySource(image);
    source.bad = [50 * SECTOR, 70 * SECTOR];
    const found = await findIsoSessions(PlanStream.plain(source), 0);
    expect(found.map(({ label }) => label)).toEqual(['ONE']);
  });
});

describe('I22: an image cut out of a disc', () => {
  it('is read with the address of its first sector, and tells the files that lie before it', async () => {
    const cut = twoSessions().subarray(64 * SECTOR);
    const found = await listSession(cut, { sectorOffset: 64 });
    expect(found).toMatchObject({ label: 'TWO', paths: ['/new', '/old'], codes: ['file-before-image'] });
    expect(found.entries.get('/new')?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(found.entries.get('/old')?.fault).toBe('read-error:damaged');
  });

  it('keeps multi-extent and interleaved files apart', async () => {
    const image = Buffer.alloc(110 * SECTOR);
    image.fill('a', 94 * SECTOR, 95 * SECTOR);
    image.fill('b', 96 * SECTOR, 97 * SECTOR);
    const root = [{ name: 'F.;1', extent: 94, size: SECTOR + 1, unit: 1, gap: 1 }];
    write(image, { ...SECOND, root });
    const { entries } = await listSession(image.subarray(64 * SECTOR), { sectorOffset: 64 });
    const whole = Buffer.from(`${'a'.repeat(SECTOR)}b`);
    await using plain = await openBytes(image.subarray(64 * SECTOR), { sectorOffset: 64 });
    const row = await plain.index.resolve('/f');
    expect(plain.index.node(row).size).toBe(whole.length);
    const { createHash } = await import('node:crypto');
    expect(entries.get('/f')?.sha256).toBe(createHash('sha256').update(whole).digest('hex'));
  });

  it('of a disc with several sessions has the later ones too', async () => {
    const image = Buffer.alloc(220 * SECTOR);
    write(image, SECOND);
    write(image, { ...SECOND, start: 128, label: 'THREE', root: [] });
    const found = await listSession(image.subarray(64 * SECTOR), { sectorOffset: 64 });
    expect(found.sessions.map(({ start, label }) => [start, label])).toEqual([
      [64, 'TWO'],
      [128, 'THREE'],
    ]);
  });
});
