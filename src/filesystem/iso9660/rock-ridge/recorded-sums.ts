// Where a disc of libisofs (xorriso -md5 on) keeps the MD5 sums of its files: an array behind the data, of which the
// root has the place (attribute isofs.ca) and each file the number of its own (isofs.cx). libisofs, doc/checksums.txt
// and doc/susp_aaip_isofs_names.txt.
import type { RecordedSums } from '../../contract/file-tree.js';

const AREA = 'isofs.ca';
const INDEX = 'isofs.cx';
const MAX_NUMBER_BYTES = 6;
const INDEX_BYTES = 4;

/** Name and value of an extended attribute. */
export type Attribute = readonly [string, Uint8Array];

/** Of a root's attributes; undefined where it has none, or none that makes sense. */
export function readRecordedSums(attributes: readonly Attribute[]): RecordedSums | undefined {
  const bytes = valueOf(attributes, AREA);
  if (bytes === undefined) return undefined;
  const numbers: number[] = [];
  let at = 0;
  while (numbers.length < 4) {
    const length = bytes[at] ?? 0;
    if (length === 0 || length > MAX_NUMBER_BYTES || at + 1 + length > bytes.length) return undefined;
    numbers.push(Buffer.from(bytes).readUIntBE(at + 1, length));
    at += 1 + length;
  }
  const [start, array, count, size] = numbers as [number, number, number, number];
  return { start, array, count, size, algorithm: Buffer.from(bytes).toString('latin1', at) };
}

/** Number of a file's own sum in the array; 0 for none. */
export function readSumIndex(attributes: readonly Attribute[]): number {
  const bytes = valueOf(attributes, INDEX);
  return bytes?.length === INDEX_BYTES ? Buffer.from(bytes).readUInt32BE(0) : 0;
}

/** Whether the writer keeps such an attribute for itself. */
export function isSumAttribute(name: string): boolean {
  return name === AREA || name === INDEX;
}

function valueOf(attributes: readonly Attribute[], name: string): Uint8Array | undefined {
  return attributes.find(([own]) => own === name)?.[1];
}
