// Images that were split into files of equal size: NAME.001, NAME.002 ... (HJSplit, 7-Zip), NAME.iso.00 or
// NAME.iso.0, ...
import type { ByteSource } from '../../source/byte-source.js';
import type { ImageFiles } from '../../source/image-files.js';
import { MAX_IMAGE_FILES } from '../../source/image-files.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { IDENTIFIER_BYTES } from '../volume-marks.js';
import type { VolumeMarks } from '../volume-marks.js';
import { SplitSource } from './split-source.js';

/** The name of a first part: a stem, a dot, and the number of the first as that kind of split counts. */
const FIRST_PART = /^(?<stem>.+\.)(?<number>0+1?)$/u;

export const splitFormat: Filter = {
  kind: 'filter',
  name: 'split',
  title: 'an image that was split into files',

  async probe(files, marks, signal) {
    const name = partNames(files.mainName).next();
    const second = name.done === true ? undefined : await files.open(name.value, signal);
    // Numbers also tell the discs of a set apart: each of those starts as a disc does.
    const isPart =
      second !== undefined && second.size <= files.main.size && !(await startsDisc(second, marks, signal));
    return isPart ? 3 : 0;
  },

  async open(files, signal) {
    return new SplitSource(await openParts(files, signal));
  },
};

async function startsDisc(
  source: ByteSource,
  { descriptorStart, isIdentifier }: VolumeMarks,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const identifier = await readIfPossible(source, descriptorStart + 1, IDENTIFIER_BYTES, signal);
  return isIdentifier(Buffer.from(identifier).toString('latin1'));
}

async function openParts(files: ImageFiles, signal: AbortSignal | undefined): Promise<ByteSource[]> {
  const parts = [files.main];
  for (const name of partNames(files.mainName)) {
    const part = await files.open(name, signal);
    if (part === undefined) break;
    parts.push(part);
  }
  return parts;
}

/** Names of the parts behind the first; none for what is no name of a first part. */
function* partNames(name: string): Generator<string> {
  const { stem, number } = FIRST_PART.exec(name)?.groups ?? {};
  if (stem === undefined || number === undefined) return;
  for (let i = 1; i < MAX_IMAGE_FILES; i += 1)
    yield stem + String(Number(number) + i).padStart(number.length, '0');
}
