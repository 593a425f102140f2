// What the formats of sheets have in common: told by the sheet or by a file that it names, and opened by the sheet.
import type { Disc } from '../../disc/disc.js';
import type { ImageFiles } from '../../source/image-files.js';
import type { Container } from '../format.js';
import { findSheet } from './find-sheet.js';
import type { FoundSheet, SheetKind } from './find-sheet.js';

export interface SheetFormat extends SheetKind, Pick<Container, 'name' | 'title'> {
  /** The disc of a sheet that `listFiles` knows. */
  openSheet(found: FoundSheet, files: ImageFiles, signal: AbortSignal | undefined): Promise<Disc>;
}

export function createSheetContainer(format: SheetFormat): Container {
  const { name, title } = format;
  return {
    kind: 'container',
    ...{ name, title },

    async probe(files, marks, signal) {
      return (await findSheet(files, format, marks, signal)) === undefined ? 0 : 3;
    },

    async open(files, signal) {
      const found = await findSheet(files, format, undefined, signal);
      if (found === undefined) throw new RangeError(`Probe found no sheet of ${name}`);
      return format.openSheet(found, files, signal);
    },
  };
}
