// Finds out whether a disc has Rock Ridge, and where its fields start: the root's own "." record says so.
import { ByteCursor } from '../../../base/byte-cursor.js';
import type { SectorReader } from '../../../disc/sector-reader.js';
import { readAtMost } from '../../../source/read-fully.js';
import { WorkBudget } from '../../work-budget.js';
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
const RECORD_BYTES = 2048;
/** Identifier of AAIP without its version: AAIP_0100, AAIP_0200. */
const AAIP_ID = 'AAIP_';
const TELLING: ReadonlySet<number> = new Set([ROCK_RIDGE_FIELD.RR, ROCK_RIDGE_FIELD.PX, ROCK_RIDGE_FIELD.NM]);

export interface RockRidgePresence {
  /** Bytes to skip before the fields of every record but this one. */
  readonly skip: number;
  /** Entries can have extended attributes (AAIP), as an ER or the root's own attributes say. */
  readonly hasAttributes: boolean;
  /** An extension is announced (ER), as the standard wants; without, Rock Ridge is only likely. */
  readonly declared: boolean;
}

/** Undefined when there is no sign of Rock Ridge. Rejects as ByteSource.read does. */
export async function detectRockRidge(
  reader: SectorReader,
  descriptor: VolumeDescriptor,
  signal?: AbortSignal,
): Promise<RockRidgePresence | undefined> {
  const bytes = await readAtMost(reader, descriptor.rootOffset, RECORD_BYTES, signal);
  if (bytes.length < MIN_RECORD_BYTES) return undefined;
  const cursor = new ByteCursor(bytes, reader.name, descriptor.rootOffset);
  const length = cursor.u8(RECORD.length);
  if (length < MIN_RECORD_BYTES || length > bytes.length) return undefined;
  cursor.moveTo(0, length);
  if (!isDotRecord(cursor)) return undefined;
  const offset = systemUseOffset(cursor.u8(RECORD.nameLength));
  for (const start of [0, XA_BYTES]) {
    const signs = await collectSigns(reader, cursor, offset + start, descriptor.blockSize, signal);
    if (signs.declared || signs.likely || signs.skip !== undefined) {
      const { declared, hasAttributes } = signs;
      return { skip: signs.skip ?? start, declared, hasAttributes };
    }
  }
  return undefined;
}

class Signs implements FieldVisitor {
  skip: number | undefined;
  declared = false;
  likely = false;
  hasAttributes = false;

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
    else if (TELLING.has(signature)) this.likely = true;
  }
}

async function collectSigns(
  reader: SectorReader,
  cursor: ByteCursor,
  offset: number,
  blockSize: number,
  signal: AbortSignal | undefined,
): Promise<Signs> {
  const areas = new ContinuationAreas(reader, new WorkBudget(reader.size));
  const walker = new SystemUseWalker(areas, reader.name, blockSize);
  for (;;) {
    const signs = new Signs();
    if (walker.walk(cursor, offset, signs) !== 'incomplete') return signs;
    await areas.fetch(signal);
  }
}
