// Records with Rock Ridge: the fields of the System Use area override what the record itself says. Directories that
// were moved because of the depth limit of ISO 9660 are shown where they belong (CL) and not where they lie (RE).
import type { ByteCursor } from '../../../base/byte-cursor.js';
import type { Finding } from '../../../base/finding.js';
import { SECTOR_SIZE } from '../../../disc/data-stream.js';
import { MODE_TYPE } from '../../contract/file-tree.js';
import type { DirectoryEntry } from '../../contract/file-tree.js';
import type { ContinuationAreas } from '../continuation-areas.js';
import { RECORD, RECORD_FLAG, readFixedFields, systemUseOffset } from '../directory-record.js';
import { copyIsoName } from '../record-decoder.js';
import type { DecodeResult, RecordDecoder } from '../record-decoder.js';
import type { NameCharset } from '../../../base/name-charset.js';
import { SystemUseWalker } from '../susp.js';
import type { FieldVisitor, WalkResult } from '../susp.js';
import { appendAlternateName } from './alternate-name.js';
import { AttributeList, MAX_TREE_ATTRIBUTE_BYTES } from './attribute-list.js';
import type { AttributeBudget } from './attribute-list.js';
import { ROCK_RIDGE_FIELD as FIELD } from './fields.js';
import { readRecordedSums, readSumIndex } from './recorded-sums.js';
import { readDeviceNumber, readPosixAttributes, readSerialNumber } from './posix-attributes.js';
import { SymbolicLinkTarget } from './symbolic-link.js';
import { TimeStamps } from './time-stamps.js';
import { ZISOFS_FIELD, readZisofsField, unpackParameters } from '../zisofs/zisofs-field.js';
import type { ZisofsField } from '../zisofs/zisofs-field.js';

/** Permissions of a symbolic link whose record has no PX. */
const LINK_MODE = 0o777;

export class RockRidgeDecoder implements RecordDecoder, FieldVisitor {
  report: (finding: Finding) => void = () => undefined;
  /** Of names and targets that are no UTF-8. */
  charset: NameCharset | undefined;
  /** To be shared by all decoders of a tree. */
  attributeBudget: AttributeBudget = { bytes: MAX_TREE_ATTRIBUTE_BYTES };
  /** Relocated directories met so far. */
  relocatedCount = 0;
  readonly #walker: SystemUseWalker;
  readonly #blockSize: number;
  readonly #skip: number;
  readonly #times = new TimeStamps();
  readonly #link = new SymbolicLinkTarget();
  #entry!: DirectoryEntry;
  #typeBits = -1;
  #serial = 0;
  #named = false;
  #relocated = false;
  #compressed = false;
  #sparse = false;
  readonly #attributes = new AttributeList();
  readonly #zisofs: ZisofsField = { parameters: 0, size: 0, fault: '' };
  #childBlock = -1;

  /** `skip`: bytes before the first field in every System Use area, as SP says. */
  constructor(areas: ContinuationAreas, sourceName: string, blockSize: number, skip: number) {
    this.#walker = new SystemUseWalker(areas, sourceName, blockSize);
    this.#blockSize = blockSize;
    this.#skip = skip;
  }

  decode(cursor: ByteCursor, entry: DirectoryEntry): DecodeResult {
    this.#begin(entry);
    if (this.#readFields(cursor) === 'incomplete') return 'incomplete';
    if (this.#relocated) {
      this.relocatedCount += 1;
      return 'hidden';
    }
    if (!this.#named || entry.nameLength === 0) copyIsoName(cursor, entry, this.charset);
    else if (this.charset !== undefined) {
      entry.nameLength = this.charset.decode(entry.name, entry.nameLength);
    }
    if (this.#attributes.present) this.#settleAttributes(cursor);
    if (this.#childBlock >= 0) return this.#moveEntry();
    this.#settleType(cursor);
    return 'entry';
  }

  visitField(signature: number, cursor: ByteCursor, offset: number, length: number): void {
    switch (signature) {
      case FIELD.PX:
        this.#typeBits = readPosixAttributes(cursor, offset, length, this.#entry);
        this.#serial = readSerialNumber(cursor, offset, length);
        break;
      case FIELD.TF:
        this.#times.addField(cursor, offset, length, this.#entry);
        break;
      case FIELD.NM:
        if (appendAlternateName(cursor, offset, length, this.#entry)) this.#named = true;
        break;
      case FIELD.SL:
        this.#link.addField(cursor, offset, length);
        break;
      case FIELD.PN:
        readDeviceNumber(cursor, offset, length, this.#entry);
        break;
      case FIELD.CL:
        if (length >= 12) this.#childBlock = cursor.u32both(offset + 4); // RRIP 4.1.5.1, BP 5-12
        break;
      case FIELD.RE:
        this.#relocated = true;
        break;
      case FIELD.AL:
        this.#attributes.addField(cursor, offset, length);
        break;
      case FIELD.SF:
        this.#sparse = true;
        break;
      case ZISOFS_FIELD.ZF:
      case ZISOFS_FIELD.Z2:
        this.#compressed = true;
        readZisofsField(cursor, offset, length, this.#zisofs);
        break;
    }
  }

  #begin(entry: DirectoryEntry): void {
    this.#entry = entry;
    this.#typeBits = -1;
    this.#serial = 0;
    this.#times.clear();
    this.#named = this.#relocated = this.#compressed = this.#sparse = false;
    this.#childBlock = -1;
    if (this.#link.present) this.#link.clear();
    if (this.#attributes.present) this.#attributes.clear();
  }

  #readFields(cursor: ByteCursor): WalkResult {
    readFixedFields(cursor, this.#blockSize, this.#entry);
    const offset = systemUseOffset(cursor.u8(RECORD.nameLength)) + this.#skip;
    const result = this.#walker.walk(cursor, offset, this);
    if (result === 'damaged') {
      this.#finding('damaged-system-use', 'warning', this.#walker.fault, this.#walker.faultOffset, cursor);
    }
    this.#times.fillRest(cursor, this.#entry);
    return result;
  }

  /** RRIP 4.1.5.1: the record stands where the directory belongs, CL says where its extent lies. */
  #moveEntry(): DecodeResult {
    const entry = this.#entry;
    entry.mode = MODE_TYPE.directory | (entry.mode & ~MODE_TYPE.mask);
    entry.locator = entry.inode = this.#childBlock * this.#blockSize;
    entry.size = SECTOR_SIZE;
    return 'moved';
  }

  /** The type is what the record's directory flag and PX agree on; PX decides between the kinds of files. */
  #settleType(cursor: ByteCursor): void {
    const entry = this.#entry;
    const permissions = entry.mode & ~MODE_TYPE.mask;
    const isDirectory = (cursor.u8(RECORD.flags) & RECORD_FLAG.directory) !== 0;
    const type = this.#typeBits;
    if (isDirectory) {
      if (type !== -1 && type !== MODE_TYPE.directory) this.#reportType(cursor, 'a directory');
      return;
    }
    if (type === MODE_TYPE.regular || (type === -1 && !this.#link.present)) {
      if (entry.links > 1) entry.linkSerial = this.#serial;
      if (this.#compressed) this.#settleCoding(cursor);
      if (this.#sparse) this.#reportSparse(cursor);
      return;
    }
    switch (type) {
      case -1:
      case MODE_TYPE.symlink:
        entry.mode = MODE_TYPE.symlink | (type === -1 ? LINK_MODE : permissions);
        entry.target = this.charset?.decodeAll(this.#link.bytes()) ?? this.#link.bytes();
        entry.size = entry.target.length;
        break;
      case MODE_TYPE.block:
      case MODE_TYPE.character:
      case MODE_TYPE.fifo:
      case MODE_TYPE.socket:
        entry.mode = type | permissions;
        entry.size = 0;
        break;
      default:
        this.#reportType(cursor, 'a regular file');
    }
  }

  #settleAttributes(cursor: ByteCursor): void {
    const { attributes, sums, fault } = this.#attributes.finish(this.attributeBudget);
    if (attributes.length > 0) this.#entry.attributes = attributes;
    if (sums.length > 0) {
      this.#entry.sumIndex = readSumIndex(sums);
      this.#entry.recordedSums = readRecordedSums(sums);
    }
    if (fault === undefined) return;
    const what = `Extended attributes are not all shown: left out is ${fault}`;
    this.#finding('hidden-attributes', 'note', what, cursor.offsetInSource(0), cursor);
  }

  /** No program is known to write such files, and the two editions of RRIP tell their tables differently. */
  #reportSparse(cursor: ByteCursor): void {
    const what = 'File is stored in sparse format (SF), it is shown as it is stored';
    this.#finding('sparse-file', 'warning', what, cursor.offsetInSource(0), cursor);
  }

  #reportType(cursor: ByteCursor, shown: string): void {
    const found = `0${this.#typeBits.toString(8)}`;
    const what = `PX says type ${found} against the record's flags, it is shown as ${shown}`;
    this.#finding('type-mismatch', 'warning', what, cursor.offsetInSource(0), cursor);
  }

  /**
   * The file's extents hold its content compressed, unless the field makes no sense: then they are shown as they
   * are.
   */
  #settleCoding(cursor: ByteCursor): void {
    const entry = this.#entry;
    const { fault, parameters, size } = this.#zisofs;
    if (fault !== '') {
      const what = `Field of a compressed file cannot be used: ${fault}; the file is shown as it is stored`;
      this.#finding('unusable-zisofs-field', 'warning', what, cursor.offsetInSource(0), cursor);
      return;
    }
    entry.coding = 'zisofs';
    entry.codingParameters = parameters;
    entry.unitPower = unpackParameters(parameters).blockShift;
    entry.extents = entry.size > 0 ? [{ offset: entry.locator, length: entry.size }] : [];
    entry.size = size;
  }

  #finding(
    code: string,
    severity: Finding['severity'],
    message: string,
    offset: number,
    cursor: ByteCursor,
  ): void {
    this.report({ code, severity, message, at: { source: cursor.sourceName, offset } });
  }
}
