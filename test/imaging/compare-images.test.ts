// Discs in images of several files, compared sector by sector.
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareImages } from '../../src/imaging/compare/compare-images.js';
import { openImageFile } from '../../src/source/open-image-file.js';
import type { ByteRange } from '../../src/source/rescue-map/rescue-map.js';
import { useSheetFolder } from '../container/sheet/sheet-folder.js';
import { buildIso } from '../support/builders/iso-builder.js';
import { makeSound, wrapWave } from '../support/builders/sound-files.js';
import { wrapSectors } from '../support/builders/raw-sectors.js';

const { write, path } = useSheetFolder('isodrive-compare-discs-');
const PLAIN = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 2048 }] }));
const SECTORS = PLAIN.length / 2048;

function writeDisc(name: string, data: Buffer, mode: string, sound: Buffer): string {
  mkdirSync(path(name));
  write(`${name}/data.bin`, data);
  write(`${name}/sound.wav`, wrapWave(sound));
  return write(
    `${name}/disc.cue`,
    `FILE data.bin BINARY\nTRACK 1 ${mode}\nINDEX 1 0:0:0\nFILE sound.wav WAVE\nTRACK 2 AUDIO\nINDEX 1 0:0:0\n`,
  );
}

async function compare(a: string, b: string): Promise<ByteRange[]> {
  await using left = (await openImageFile(a)).files;
  await using right = (await openImageFile(b)).files;
  return await compareImages(left, right, {});
}

describe('discs of several files', () => {
  it('are the same by their sectors, not by their sheets', async () => {
    const sound = makeSound(300);
    const one = writeDisc('one', PLAIN, 'MODE1/2048', sound);
    const raw = wrapSectors(PLAIN, { mode: 'mode1' });
    expect(await compare(one, writeDisc('other', raw, 'MODE1/2352', sound))).toEqual([]);
    const changed = Buffer.from(sound);
    changed[100 * 2352 + 7]! ^= 1;
    const third = writeDisc('third', PLAIN, 'MODE1/2048', changed);
    expect(await compare(one, third)).toEqual([{ position: (SECTORS + 100) * 2048, size: 2048 }]);
  });

  it('differ by what one of them lacks', async () => {
    const disc = writeDisc('disc', PLAIN, 'MODE1/2048', makeSound(300));
    const iso = write('disc.iso', PLAIN);
    expect(await compare(disc, iso)).toEqual([{ position: PLAIN.length, size: 300 * 2048 }]);
  });
});
