// Finds out whether a disc has Rock Ridge, and where its fields start: the root's own "." record says so, or else the
// entries of the root. Those say too whether it has names: discs of Mac OS have their names in Joliet alone.
import { ByteCursor } from '../../../base/byte-cursor.js';
import { SECTOR_SIZE } from '../../../disc/data-stream.js';
import type { DataStream } from '../../../disc/data-stream.js';
import { readAtMost } from '../../../source/read-fully.js';
import { WorkBudget } from '../../contract/work-budget.js';
import { ContinuationAreas } from '../continuation-areas.js';
import { MIN_RECORD_BYTES, RECORD, isDotRecord, systemUseOffset } from '../directory-record.js';
import { SUSP_FIELD, SystemUseWalker } from '../susp.js';
import type { FieldVisitor } from '../susp.js';
import type { VolumeDescriptor } from '../volume-descriptor.js';
import { ROCK_RIDGE_FIELD } from './fields.js';

/** SUSP 5.3: check bytes of SP, BP 5 and 6. */
const SP_CHECK = 0xbeef;
/** Bytes of the CD-ROM XA information that may stand before the fields (SUSP 5.3, Yellow Book XA). */
const XA_BYTES = 14;
/** Bytes of the root that are looked at. */
const LOOK_BYTES = 32_768;
/** Identifier of AAIP without its version: AAIP_0100, AAIP_0200. */
const AAIP_ID = 'AAIP_';
/** Of every field of Rock Ridge (RRIP 4.1). */
const FIELD_VERSION = 1;
const TELLING: ReadonlySet<number> = new Set([ROCK_RIDGE_FIELD.RR, ROCK_RIDGE_FIELD.PX, ROCK_RIDGE_FIELD.NM]);

export interface RockRidgePresence {
  /** Bytes to skip before the fields of every record but this one. */
  readonly skip: number;
  /** Entries can have extended attributes (AAIP), as an ER or the root's own attributes say. */
  readonly hasAttributes: boolean;
  /** An extension is announced (ER), as the standard wants; without, Rock Ridge is only likely. */
  readonly declared: boolean;
  /** False where no entry of the root has a name of its own (NM), though there are entries. */
  readonly hasNames: boolean;
}

/** Undefined when there is no sign of Rock Ridge. Rejects as ByteSource.read does. */
export async function detectRockRidge(
  reader: DataStream,
  descriptor: VolumeDescriptor,
  signal?: AbortSignal,
): Promise<RockRidgePresence | undefined> {
  const { rootOffset, rootSize, blockSize } = descriptor;
  const wanted = Math.min(LOOK_BYTES, Math.max(rootSize, SECTOR_SIZE));
  const bytes = await readAtMost(reader, rootOffset, wanted, signal);
  const cursor = new ByteCursor(bytes, reader.name, rootOffset);
  const [dot, ...entries] = listRecords(cursor);
  if (dot === undefined) return undefined;
  dot.moveTo(cursor);
  if (!isDotRecord(cursor)) return undefined;
  for (const start of [0, XA_BYTES]) {
    dot.moveTo(cursor);
    const own = await collectSigns(reader, cursor, start, blockSize, signal);
    const isAnnounced = own.declared || own.likely || own.skip !== undefined;
    const skip = own.skip ?? start;
    const below = new Signs();
    let count = 0;
    for (const entry of entries) {
      entry.moveTo(cursor);
      if (isDotRecord(cursor)) continue;
      count += 1;
      below.add(await collectSigns(reader, cursor, skip, blockSize, signal));
      if (below.names) break;
    }
    if (isAnnounced || below.likely) {
      const hasAttributes = isAnnounced ? own.hasAttributes : below.hasAttributes;
      return { skip, declared: own.declared, hasAttributes, hasNames: below.names || count === 0 };
    }
  }
  return undefined;
}

/** A record in the bytes of a directory. */
class RecordPlace {
  constructor(
    readonly offset: number,
    readonly length: number,
  ) {}

  moveTo(cursor: ByteCursor): void {
    cursor.moveTo(this.offset, this.length);
  }
}

/** Records of which all is there, up to the first that cannot be one. */
function listRecords(cursor: ByteCursor): RecordPlace[] {
  const { length: end } = cursor;
  const places: RecordPlace[] = [];
  for (let at = 0; at < end;) {
    const length = cursor.u8(at);
    // 6.8.1.1: records do not cross sectors, the rest of which is zeros.
    if (length === 0) at += SECTOR_SIZE - (at % SECTOR_SIZE);
    else if (length < MIN_RECORD_BYTES || at + length > end) break;
    else {
      places.push(new RecordPlace(at, length));
      at += length;
    }
  }
  return places;
}

class Signs implements FieldVisitor {
  skip: number | undefined;
  declared = false;
  likely = false;
  hasAttributes = false;
  names = false;

  /** Takes what another record says. */
  add({ likely, hasAttributes, names }: Signs): void {
    this.likely ||= likely;
    this.hasAttributes ||= hasAttributes;
    this.names ||= names;
  }

  visitField(signature: number, cursor: ByteCursor, offset: number, length: number): void {
    if (signature === SUSP_FIELD.SP && length >= 7 && cursor.u16be(offset + 4) === SP_CHECK) {
      this.skip ??= cursor.u8(offset + 6);
    } else if (signature === SUSP_FIELD.ER) {
      this.declared = true;
      // SUSP 5.5: the identifier's length is BP 5, the identifier begins at BP 9.
      if (length >= 8 + AAIP_ID.length && cursor.text(offset + 8, AAIP_ID.length) === AAIP_ID) {
        this.hasAttributes = true;
      }
    } else if (signature === ROCK_RIDGE_FIELD.AL) this.hasAttributes = true;
    else if (TELLING.has(signature) && cursor.u8(offset + 3) === FIELD_VERSION) {
      this.likely = true;
      if (signature === ROCK_RIDGE_FIELD.NM) this.names = true;
    }
  }
}

async function collectSigns(
  reader: DataStream,
  cursor: ByteCursor,
  skip: number,
  blockSize: number,
  signal: AbortSignal | undefined,
): Promise<Signs> {
  const offset = systemUseOffset(cursor.u8(RECORD.nameLength)) + skip;
  const areas = new ContinuationAreas(reader, new WorkBudget(reader.size));
  const walker = new SystemUseWalker(areas, reader.name, blockSize);
  for (;;) {
    const signs = new Signs();
    if (walker.walk(cursor, offset, signs) !== 'incomplete') return signs;
    await areas.fetch(signal);
  }
}
