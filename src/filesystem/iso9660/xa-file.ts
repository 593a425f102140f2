// Files with sectors of form 2 (CD-ROM XA): their records count 2048 bytes a sector, and each has 2324. They are shown
// so, as Linux does; or with whole sectors behind a RIFF header, as Windows does; or with all their user data.
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import { STREAM } from '../../disc/read-plan.js';
import { PAYLOAD_BYTES, RAW_SECTOR_SIZE } from '../../disc/sector-parity.js';
import { addedExtent } from '../contract/file-tree.js';
import type { DirectoryEntry, Extent } from '../contract/file-tree.js';
import type { LargeSectors } from '../contract/file-system.js';
import { XA_BYTES, XA_FORM } from './xa-attributes.js';

const RIFF_HEADER_BYTES = 44;
/** Of the chunk "fmt ": what the record has, and two zeros. */
const FORMAT_BYTES = 16;
/** Sizes have 32 bits: of more, readers go to the end of the file. */
const MAX_SIZE = 0xffff_ffff;

/** What a record has of CD-ROM XA. */
export interface XaRecord {
  readonly attributes: number;
  /** All of it. */
  readonly bytes: Uint8Array;
}

/** Gives an entry of form 2 its size and extents. False where the image holds too little of its sectors. */
export function shapeXaFile(entry: DirectoryEntry, xa: XaRecord, sectors: LargeSectors | undefined): boolean {
  const isForm2 = (xa.attributes & XA_FORM.form2) !== 0;
  if (sectors === undefined || !isForm2 || entry.coding !== undefined) return false;
  const runs: { block: number; count: number }[] = [];
  for (const { offset, length } of entry.extents ?? [{ offset: entry.locator, length: entry.size }]) {
    if (offset === undefined || offset % SECTOR_SIZE !== 0) return false;
    runs.push({ block: offset / SECTOR_SIZE, count: Math.ceil(length / SECTOR_SIZE) });
  }
  const holds = (stream: number): boolean =>
    runs.every(({ block, count }) => sectors.holds(stream, block, count));
  const extentsOf = (stream: number, unit: number): Extent[] =>
    runs.map(({ block, count }) => ({ stream, offset: block * unit, length: count * unit }));
  // Sectors of form 1 among them have other lengths: only whole ones have a place that follows from their number.
  const isMixed = (xa.attributes & (XA_FORM.form1 | XA_FORM.interleaved)) !== 0;
  if (sectors.shape === 'payload' && !isMixed) {
    if (!holds(STREAM.payload)) return false;
    setExtents(entry, extentsOf(STREAM.payload, PAYLOAD_BYTES));
    return true;
  }
  if (!holds(STREAM.raw)) return false;
  if (sectors.shape === 'cooked') return true;
  const whole = extentsOf(STREAM.raw, RAW_SECTOR_SIZE);
  const bytes = whole.reduce((sum, { length }) => sum + length, 0);
  setExtents(entry, [addedExtent(encodeRiffHeader(bytes, xa.bytes)), ...whole]);
  return true;
}

function setExtents(entry: DirectoryEntry, extents: readonly Extent[]): void {
  entry.extents = extents;
  entry.size = extents.reduce((sum, { length }) => sum + length, 0);
}

/** As Windows makes it; `bytes`: of the sectors. */
function encodeRiffHeader(bytes: number, record: Uint8Array): Uint8Array {
  const header = Buffer.alloc(RIFF_HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(Math.min(MAX_SIZE, bytes + RIFF_HEADER_BYTES - 8), 4);
  header.write('CDXAfmt ', 8);
  header.writeUInt32LE(FORMAT_BYTES, 16);
  header.set(record.subarray(0, XA_BYTES), 20);
  header.write('data', 36);
  header.writeUInt32LE(Math.min(MAX_SIZE, bytes), 40);
  return header;
}
