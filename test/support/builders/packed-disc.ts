// A disc to pack, of what packs well, what does not and zeros; and how its packed images are opened and compared.
import { openDisc } from '../../../src/container/open-container.js';
import type { OpenedDisc } from '../../../src/container/open-container.js';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { OpenedFiles } from '../../../src/source/image-files.js';
import { FaultySource } from '../fakes/faulty-source.js';
import { patternedBytes } from '../fakes/drive.js';
import { buildIso } from './iso-builder.js';

const SECTOR = 2048;

/** Bytes that no program can pack: the same in each run. */
function randomBytes(length: number): Buffer {
  let state = 0x2545_f491;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}

function makeDisc(): Buffer {
  const head = Buffer.from(buildIso({ root: [{ name: 'F.;1', extent: 30, size: 1 }] }));
  const text = Buffer.from('a line of text\n'.repeat(20_000));
  const parts = [head, text, Buffer.alloc(100 * SECTOR), randomBytes(150_000), patternedBytes(100_000)];
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([...parts, Buffer.alloc((SECTOR - (size % SECTOR)) % SECTOR)]);
}

/** An odd number of sectors, so that most blocks do not divide it. */
export const PACKED_DISC = makeDisc();

export function openPacked(bytes: Uint8Array): Promise<OpenedDisc> {
  return openDisc(new OpenedFiles(new FaultySource(bytes)), volumeMarks);
}

/** All of a source, by reads of an odd size. */
export async function readAll({ source }: OpenedDisc): Promise<Buffer> {
  const bytes = Buffer.alloc(source.size);
  for (let at = 0; at < bytes.length; at += 99_991)
    await source.read(bytes.subarray(at, Math.min(bytes.length, at + 99_991)), at);
  return bytes;
}

/** Of each sector of the disc: whether it is right, wrong, or could not be read, as a text of "=", "!" and "-". */
export async function readSectors({ source }: OpenedDisc, expected = PACKED_DISC): Promise<string> {
  let found = '';
  for (let at = 0; at < expected.length; at += SECTOR) {
    const bytes = Buffer.alloc(Math.min(SECTOR, expected.length - at));
    try {
      await source.read(bytes, at);
      found += bytes.equals(expected.subarray(at, at + bytes.length)) ? '=' : '!';
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'image-unreadable') throw thrown;
      found += '-';
    }
  }
  return found;
}
