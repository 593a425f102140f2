// What can be wrong with a UDF volume while the rest of it can still be read, in words.
import { countBytes } from '../../base/byte-count.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import type { TagFault } from './tag.js';

type Report = (finding: Finding) => void;

export class UdfFindings {
  /** Where findings go; may be set anew for every directory. */
  report: Report;
  readonly #source: string;
  readonly #imageSize: number;

  constructor(reader: DataStream, report: Report = () => undefined) {
    this.#source = reader.name;
    this.#imageSize = reader.size;
    this.report = report;
  }

  /** A descriptor that is used although its tag is wrong. */
  tagFault(what: string, fault: TagFault, offset: number): void {
    if (fault === 'location') {
      const message = `Tag of the ${what} names another block, it is used all the same`;
      this.add('tag-location-mismatch', 'note', offset, message, 'ECMA-167 3/7.2.8');
    } else {
      const message = `Checksum of the ${what} is wrong, what it says may be damaged`;
      this.add('descriptor-crc-mismatch', 'damage', offset, message, 'ECMA-167 3/7.2.6');
    }
  }

  /** A descriptor of which another copy is read. */
  copyUsed(what: string, offset: number): void {
    this.add('copy-used', 'warning', offset, `${what} is damaged, its copy is used`);
  }

  metadataBitmap(offset: number, reason: string): void {
    const message = `Metadata bitmap is not as it should be: ${reason}`;
    this.add('metadata-bitmap', 'note', offset, message, 'UDF 2.2.13');
  }

  /** Nothing on the disc says that it is UDF, but an anchor. */
  noRecognitionSequence(offset: number): void {
    const message =
      'Disc has no recognition sequence that announces UDF, the volume is found by its anchor alone';
    this.add('no-recognition-sequence', 'warning', offset, message, 'ECMA-167 2/8.3');
  }

  entryLeftOut(name: string, offset: number, reason: string): void {
    this.add('damaged-file-entry', 'damage', offset, `"${name}" is left out: ${reason}`, 'ECMA-167 4/14.9');
  }

  brokenIdentifier(offset: number): void {
    const message = 'File identifier is broken, what follows is searched for the next one';
    this.add('damaged-record', 'damage', offset, message, 'ECMA-167 4/14.4');
  }

  directoryGivenUp(offset: number, limit: number): void {
    const message = `Directory has more than ${limit} broken places, its rest is left out`;
    this.add('directory-given-up', 'damage', offset, message);
  }

  /** Names whose compression id is neither 8 nor 16. */
  compressionId(name: string, offset: number): void {
    const message = `Name "${name}" has an unknown compression id, 8 bits a character are assumed`;
    this.add('bad-compression-id', 'warning', offset, message, 'UDF 2.1.1');
  }

  sizeMismatch(name: string, offset: number, size: number, extents: number): void {
    const message = `File "${name}" has ${countBytes(size)}, its extents ${extents}: the rest is zeros`;
    this.add('size-mismatch', 'note', offset, message, 'ECMA-167 4/14.9.10');
  }

  fileBeyondEnd(name: string, offset: number, size: number): void {
    const message =
      `File "${name}" of ${countBytes(size)} reaches beyond the end of the image at byte ${this.#imageSize}, ` +
      `or outside of its partition`;
    this.add('file-beyond-end', 'damage', offset, message);
  }

  brokenChain(name: string, offset: number, reason: string): void {
    const message = `Extents of "${name}" are not complete: ${reason}`;
    this.add('broken-extent-chain', 'damage', offset, message, 'ECMA-167 4/14.5');
  }

  attributesLeftOut(name: string, offset: number, reason: string): void {
    const message = `Extended attributes of "${name}" are left out: ${reason}`;
    this.add('unreadable-attributes', 'warning', offset, message);
  }

  add(code: string, severity: Finding['severity'], offset: number, message: string, clause?: string): void {
    const at = { source: this.#source, offset };
    this.report({ code, severity, message, at: clause === undefined ? at : { ...at, clause } });
  }
}
