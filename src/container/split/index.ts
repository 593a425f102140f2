// Images that were split into files of equal size: NAME.001, NAME.002 ... (HJSplit, 7-Zip), NAME.iso.00 or
// NAME.iso.0, ...
import type { ByteSource } from '../../source/byte-source.js';
import type { ImageFiles } from '../../source/image-files.js';
import { readIfPossible } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { IDENTIFIER_BYTES } from '../volume-marks.js';
import type { VolumeMarks } from '../volume-marks.js';
import { partNames, secondPartOf } from './part-names.js';
import { SplitSource } from './split-source.js';

export const splitFormat: Filter = {
  kind: 'filter',
  name: 'split',
  title: 'an image that was split into files',

  async probe(files, marks, signal) {
    const name = secondPartOf(files.mainName);
    const second = name === undefined ? undefined : await files.open(name, signal);
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
