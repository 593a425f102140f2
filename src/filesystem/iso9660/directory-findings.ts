// What can be wrong with a directory while the rest of it can still be listed, in words.
import { countBytes } from '../../base/byte-count.js';
import { decodePath } from '../../base/path-text.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { DirectoryEntry } from '../contract/file-tree.js';

type Report = (finding: Finding) => void;

export class DirectoryFindings {
  /** Where findings go; set anew for every directory. */
  report: Report = () => undefined;
  readonly #source: string;
  readonly #imageSize: number;

  #associatedTold = false;
  #attributesTold = false;

  constructor(reader: DataStream) {
    this.#source = reader.name;
    this.#imageSize = reader.size;
  }

  directoryBeyondEnd(locator: number, size: number): void {
    const what = `Directory of ${countBytes(size)} reaches beyond the end of the image at byte ${this.#imageSize}`;
    this.#add('directory-beyond-end', 'damage', locator, what);
  }

  directoryGivenUp(position: number, limit: number, state: 'empty' | 'damaged'): void {
    const unit = state === 'empty' ? 'empty sectors in a row' : 'damaged records';
    const what = `Directory has more than ${limit} ${unit}, its rest is left out`;
    this.#add('directory-given-up', 'damage', position, what);
  }

  brokenRecord(position: number, length: number): void {
    const what = `Directory record of ${countBytes(length)} is broken and left out`;
    this.#add('damaged-record', 'damage', position, what, 'ECMA-119 9.1');
  }

  missingSection(position: number): void {
    const what = 'Another file stands where a further section of the file before was expected';
    this.#add('missing-section', 'damage', position, what, 'ECMA-119 9.1.6');
  }

  tooManyRuns(position: number): void {
    const what = 'File consists of too many runs, what lies behind them is left out';
    this.#add('too-many-runs', 'damage', position, what);
  }

  mismatch(position: number): void {
    const what = 'Halves of a both-endian number differ, the little-endian one is used';
    this.#add('both-endian-mismatch', 'note', position, what, 'ECMA-119 7.3.3');
  }

  fileBeyondEnd(entry: DirectoryEntry): void {
    const what =
      `File "${this.#name(entry)}" of ${countBytes(entry.size)} reaches beyond the end of the image ` +
      `at byte ${this.#imageSize}`;
    this.#add('file-beyond-end', 'damage', entry.locator, what);
  }

  junkInSize(entry: DirectoryEntry, size: number): void {
    const what =
      `File "${this.#name(entry)}" would have ${countBytes(entry.size)} and end outside of the image, ` +
      `its highest byte is taken for junk: ${countBytes(size)}`;
    this.#add('junk-in-size', 'warning', entry.locator, what, 'ECMA-119 9.1.4');
  }

  largeSectors(entry: DirectoryEntry, position: number): void {
    const what =
      `File "${this.#name(entry)}" has sectors of form 2 or audio, of which an image with 2048 bytes a sector ` +
      `holds a part only`;
    this.#add('large-sectors', 'warning', position, what, 'CD-ROM XA II 2.7');
  }

  /** Told once: discs that have such records have many. */
  attributeRecords(position: number): void {
    if (this.#attributesTold) return;
    this.#attributesTold = true;
    const what = 'Files have extended attribute records, which are not shown; their data behind these is';
    this.#add('extended-attribute-records', 'note', position, what, 'ECMA-119 9.5');
  }

  /** Told once: on discs for old Macs nearly every file has one. */
  hiddenAssociated(position: number): void {
    if (this.#associatedTold) return;
    this.#associatedTold = true;
    this.#add('associated-file', 'note', position, 'Associated files are hidden', 'ECMA-119 9.1.6');
  }

  brokenChildLink(entry: DirectoryEntry): void {
    const what = `No directory stands where "${this.#name(entry)}" was moved to`;
    this.#add('broken-child-link', 'damage', entry.locator, what, 'RRIP 4.1.5.1');
  }

  unreadableArea(position: number, cause: Error): void {
    const what = `Attributes or names are left out: ${cause.message}`;
    this.#add('unreadable-attributes', 'damage', position, what);
  }

  #name(entry: DirectoryEntry): string {
    return decodePath(entry.name.subarray(0, entry.nameLength));
  }

  #add(code: string, severity: Finding['severity'], offset: number, message: string, clause?: string): void {
    const at = { source: this.#source, offset };
    this.report({ code, severity, message, at: clause === undefined ? at : { ...at, clause } });
  }
}
