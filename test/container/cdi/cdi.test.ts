// Images of DiscJuggler: what differs from program to program, tracks that were cut, and descriptors that are hostile.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../../scripts/support/run-command.js';
import { openFile } from '../../../src/image/file-content.js';
import { openImage } from '../../../src/image/open-image.js';
import { openFiles } from '../../conformance/track-container.js';
import type { CdiShape } from '../../support/builders/cdi-builder.js';
import { buildCdi } from '../../support/builders/cdi-builder.js';
import { enhancedDisc, mixedDisc, placeTracks, samples } from '../../support/builders/disc-model.js';
import { makeSampleImage } from '../../support/builders/sample-image.js';
import { needs } from '../../support/needs.js';

const open = (shape: CdiShape = {}, disc = mixedDisc()) => openFiles({ 'x.cdi': buildCdi(disc, shape) });
const MARK = Buffer.from('000001000000ffffffff', 'hex');

/** First byte of the descriptor of an image of version 4. */
function descriptorOf(image: Buffer): number {
  return image.length - image.readUInt32LE(image.length - 4);
}

describe('an image of DiscJuggler', () => {
  it.each<[string, CdiShape]>([
    ['with names in another charset', { fileName: Buffer.from('83518381838a2e636469', 'hex') }],
    ['with texts of its tracks', { texts: Array.from({ length: 18 }, (_, i) => 'text'.repeat(i % 3)) }],
    ['with bytes of a session that was never closed', { junk: Buffer.alloc(300, 0x11) }],
    ['that counts from the other end, version 2', { version: 2, countsOtherwise: true }],
    ['that counts from the other end, version 4', { version: 4, countsOtherwise: true }],
  ])('%s has all its tracks', async (_what, shape) => {
    const disc = mixedDisc();
    const opened = await open(shape, disc);
    expect(opened.sessions[0]!.tracks).toMatchObject(
      disc.tracks.map(({ start, length }) => ({ start, length })),
    );
    expect(opened.findings).toEqual([]);
  });

  it('may have a longer field before its marks', async () => {
    const image = buildCdi(mixedDisc());
    const at = descriptorOf(image) + 4;
    const longer = Buffer.concat([
      image.subarray(0, at),
      Buffer.from([1, 0, 0, 0]),
      Buffer.alloc(8),
      image.subarray(at + 4),
    ]);
    longer.writeUInt32LE(longer.length - descriptorOf(image), longer.length - 4);
    expect((await openFiles({ 'x.cdi': longer })).sessions[0]!.tracks.length).toBe(3);
  });

  it('has a catalogue number and CD-TEXT where its last block says them, and all else without that block', async () => {
    const cdText = Buffer.alloc(36, 0x80);
    const opened = await open({ cdText });
    expect(Buffer.from(opened.cdText!).equals(cdText)).toBe(true);
    expect(opened.catalog).toBe(mixedDisc().catalog);
    const without = await open({ withoutDiscBlock: true });
    expect([without.catalog, without.sessions[0]!.tracks.length]).toEqual([undefined, 3]);
  });

  it('has the second session where its file systems count from', async () => {
    const disc = enhancedDisc();
    const { sessions, medium } = await open({}, disc);
    expect(medium).toBe('cd');
    expect(sessions.map(({ kind, tracks }) => [kind, tracks[0]!.start])).toEqual([
      ['cd-rom', 0],
      ['xa', disc.tracks[2]!.start],
    ]);
  });

  it('whose tracks were cut says so, and reads the tracks behind them', async () => {
    const disc = mixedDisc();
    const opened = await open({ cut: ({ number }) => (number === 2 ? 5 : 0) }, disc);
    expect(opened.findings).toMatchObject([
      {
        code: 'cut-track',
        message: 'Track 2 has 15 sectors in the image, 20 on its disc: the others cannot be read',
      },
    ]);
    const [, second, third] = disc.tracks;
    const bytes = Buffer.alloc(2352);
    await opened.raw!.read(bytes, third!.start * 2352);
    expect(bytes.equals(third!.content.subarray(0, 2352))).toBe(true);
    await expect(opened.raw!.read(bytes, (second!.start + 15) * 2352)).rejects.toMatchObject({
      code: 'damaged',
    });
  });

  it('of a DVD is one', async () => {
    const content = samples(2048, 9).subarray(0, 2048 * 100);
    const disc = placeTracks([[{ mode: 'mode1', content, pregap: 150 }]]);
    const opened = await open({ medium: 0x38, stored: () => ({ bytes: 2048, subchannel: 0 }) }, disc);
    const bytes = Buffer.alloc(content.length);
    await opened.data.read(bytes, 0);
    expect([opened.medium, bytes.equals(content)]).toEqual(['dvd', true]);
  });

  it.each<[string, (bytes: Buffer) => void]>([
    ['no session', (bytes) => void bytes.writeUInt16LE(0, 0)],
    ['sessions without end', (bytes) => void bytes.writeUInt16LE(0xffff, 0)],
    ['tracks without end', (bytes) => void bytes.writeUInt16LE(0xffff, 2)],
    [
      'a track without a mark',
      (bytes) => void bytes.fill(0, bytes.indexOf(MARK, 200), bytes.indexOf(MARK, 200) + 20),
    ],
    [
      'indexes without end',
      (bytes) => void bytes.writeUInt16LE(0xffff, bytes.indexOf(Buffer.from('disc.cdi')) + 39),
    ],
    [
      'texts without end',
      (bytes) => void bytes.writeUInt32LE(0xffff, bytes.indexOf(Buffer.from('disc.cdi')) + 49),
    ],
    [
      'a mode that is none',
      (bytes) => void bytes.writeUInt32LE(9, bytes.indexOf(Buffer.from('disc.cdi')) + 55),
    ],
  ])('with %s is refused as damaged', async (_what, change) => {
    const image = buildCdi(mixedDisc());
    change(image.subarray(descriptorOf(image)));
    await expect(openFiles({ 'x.cdi': image })).rejects.toMatchObject({ code: 'damaged' });
  });
});

describe('an image of DiscJuggler of a volume of xorriso', needs('iat', 'xorriso'), () => {
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'isodrive-cdi-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is listed as the tree it was made of, and has the sectors that iat finds', async () => {
    const { image, tree } = await makeSampleImage(folder, { 'one.bin': 100_001, 'two.bin': 2048 });
    const content = readFileSync(image);
    const path = join(folder, 'x.cdi');
    writeFileSync(path, buildCdi(placeTracks([[{ mode: 'mode1', content, pregap: 150 }]])));
    const iso = join(folder, 'of-iat.iso');
    await mustRun('iat', [path, iso]);
    expect(readFileSync(iso).subarray(0, content.length).equals(content)).toBe(true);
    await using opened = await openImage(path);
    expect(opened.disc.format).toBe('cdi');
    for (const name of ['one.bin', 'two.bin']) {
      const file = openFile(opened, await opened.index.resolve(`/${name}`));
      const bytes = Buffer.alloc(file.size);
      await file.read(bytes, 0);
      expect(bytes.equals(readFileSync(join(tree, name)))).toBe(true);
    }
  });
});
