// The images of test/corpus/containers, which the fuzzer changes, are what the builders write, and are read.
// ISODRIVE_WRITE_CORPUS=1 writes them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readFileSets } from '../../scripts/fuzz/corpus-images.js';
import { execute } from '../../scripts/fuzz/execute.js';
import { MemorySource } from '../../scripts/fuzz/memory-source.js';
import { PagedImage } from '../../scripts/fuzz/paged-image.js';
import { buildB6t } from '../support/builders/b6t-builder.js';
import { buildCdi } from '../support/builders/cdi-builder.js';
import type { StoredAs } from '../support/builders/disc-model.js';
import { placeTracks, samples, smallVolume } from '../support/builders/disc-model.js';
import { buildMds } from '../support/builders/mds-builder.js';
import type { MemoryFiles } from '../support/builders/memory-folder.js';
import { buildNrg } from '../support/builders/nrg-builder.js';

const FOLDER = join(import.meta.dirname, 'containers');
const DISC = placeTracks([
  [
    { mode: 'mode1', content: smallVolume(), pregap: 150 },
    { mode: 'audio', content: samples(2, 1), pregap: 2, isrc: 'JPB600012345' },
  ],
  [{ mode: 'mode1', content: samples(2, 2).subarray(0, 2 * 2048), pregap: 3 }],
]);
/** Small files: whole sectors of sound, user data of the others. */
const stored = ({ mode }: { readonly mode: string }): StoredAs => ({
  bytes: mode === 'audio' ? 2352 : 2048,
  subchannel: 0,
});

const SETS: Readonly<Record<string, MemoryFiles>> = {
  b6t: buildB6t({ ...DISC, tracks: DISC.tracks.slice(0, 1), sessions: 1 }, { stored: { bytes: 2048, subchannel: 0 } }),
  cdi: { 'image.cdi': buildCdi(DISC, { stored }) },
  'cdi-2': { 'image.cdi': buildCdi(DISC, { stored, version: 2 }) },
  mds: buildMds(DISC, { stored, names: ['*.mdf', '*.mdf2'], partBytes: 40_000 }),
  nrg: { 'image.nrg': buildNrg(DISC, { stored, cdText: Buffer.alloc(36, 0x80) }) },
  'nrg-tao': { 'image.nrg': buildNrg(DISC, { stored, isOld: true, isTao: true }) },
};

function readSet(name: string): Readonly<Record<string, Uint8Array>> {
  const folder = join(FOLDER, name);
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((file) => [file.replace(/\.gz$/, ''), gunzipSync(readFileSync(join(folder, file)))]),
  );
}

describe('the images of tracks in the corpus', () => {
  it.each(Object.entries(SETS))('%s is what its builder writes', (name, files) => {
    if (process.env.ISODRIVE_WRITE_CORPUS === '1') {
      mkdirSync(join(FOLDER, name), { recursive: true });
      for (const [file, bytes] of Object.entries(files))
        writeFileSync(join(FOLDER, name, `${file}.gz`), gzipSync(bytes, { level: 9 }));
    }
    const found = readSet(name);
    expect(Object.keys(found)).toEqual(Object.keys(files).sort());
    for (const [file, bytes] of Object.entries(files)) expect(Buffer.compare(found[file]!, bytes)).toBe(0);
  });

  it.each(readFileSets(FOLDER).map((image) => [image.name, image] as const))(
    '%s is read by the fuzzer',
    async (_name, image) => {
      const source = new MemorySource(image.name, PagedImage.open(image));
      const { outcome } = await execute(source, { files: image.files });
      expect(outcome).toMatch(/views/);
    },
  );
});
