// The sequence of volume descriptors at the start of a session (ECMA-119 6.7.1): which of them this reader uses. They
// may stand in any order and number; one that is broken costs no more than itself.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { NameCharset } from '../../base/name-charset.js';
import { reportDescriptorQuirks, reportTerminatorQuirks } from './descriptor-quirks.js';
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_TYPE,
  ENHANCED_VERSION,
  HIGH_SIERRA_TYPE,
  parseHighSierraDescriptor,
  parseVolumeDescriptor,
} from './volume-descriptor.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** Sector of the first descriptor, counted from the start of the session. */
export const FIRST_SECTOR = 16;
/** Sectors looked at (Linux reads as many): a set without terminator ends there or at the first other sector. */
export const MAX_DESCRIPTORS = 100;
const IDENTIFIER = 'CD001';
const HIGH_SIERRA_IDENTIFIER = 'CDROM';
const UDF_IDENTIFIERS: readonly string[] = ['BEA01', 'NSR02', 'NSR03'];
/** Other identifiers that may stand between (ECMA-167 2/9.1.2). */
const FOREIGN_IDENTIFIERS: readonly string[] = ['TEA01', 'BOOT2', 'CDW02', ...UDF_IDENTIFIERS];
/** Byte of an image at which the descriptors of its first session start. */
export const DESCRIPTOR_START = FIRST_SECTOR * DESCRIPTOR_BYTES;

/** Whether bytes 1 to 5 of a sector make it a descriptor of ECMA-119 or ECMA-167. */
export function isStandardIdentifier(text: string): boolean {
  return text === IDENTIFIER || FOREIGN_IDENTIFIERS.includes(text);
}

/** Whether a sector is a descriptor, those of High Sierra included. */
export function isDescriptor(sector: Uint8Array): boolean {
  const text = Buffer.from(sector.subarray(0, 32)).toString('latin1');
  return (
    isStandardIdentifier(text.slice(1, 6)) || text.startsWith(HIGH_SIERRA_IDENTIFIER, HIGH_SIERRA_TYPE + 1)
  );
}

/** ECMA-119 8.2.3 with El Torito 1.0, figure 7: Boot System Identifier. */
const EL_TORITO_IDENTIFIER = 'EL TORITO SPECIFICATION';

export interface VolumeDescriptorSet {
  /** Undefined on discs that hold nothing but a boot record. */
  readonly primary: VolumeDescriptor | undefined;
  readonly joliet: VolumeDescriptor | undefined;
  /** Of ISO 9660:1999, where its tree is another than the primary one's. */
  readonly enhanced: VolumeDescriptor | undefined;
  /** Logical block address of the boot catalogue (El Torito), if a boot record names one. */
  readonly bootCatalog: number | undefined;
  /** A UDF volume stands beside this one. */
  readonly hasUdf: boolean;
}

type Report = (finding: Finding) => void;

/**
 * Reads the set of the session that starts at sector `start`. Rejects with `unsupported` (another file system),
 * `damaged` (no primary descriptor and no boot record), and as ByteSource.read does. `charset`: of text that is no
 * UTF-8.
 */
export async function readVolumeDescriptors(
  reader: DataStream,
  start: number,
  report: Report,
  signal?: AbortSignal,
  charset?: NameCharset,
): Promise<VolumeDescriptorSet> {
  const found = new DescriptorCollector(reader.name, report, charset);
  const first = (start + FIRST_SECTOR) * DESCRIPTOR_BYTES;
  for (let index = 0; index < MAX_DESCRIPTORS; index += 1) {
    const offset = first + index * DESCRIPTOR_BYTES;
    const bytes = await readAtMost(reader, offset, DESCRIPTOR_BYTES, signal);
    if (bytes.length < DESCRIPTOR_BYTES || !found.add(bytes, offset)) break;
  }
  return found.finish(reader, first);
}

class DescriptorCollector {
  readonly #source: string;
  readonly #report: Report;
  readonly #charset: NameCharset | undefined;
  #primary: VolumeDescriptor | undefined;
  #joliet: VolumeDescriptor | undefined;
  #enhanced: VolumeDescriptor | undefined;
  #bootCatalog: number | undefined;
  #hasUdf = false;
  #terminated = false;
  /** Any descriptor was met: the next sector that is none ends the set. */
  #began = false;
  /** Why a primary descriptor cannot be used. */
  #fault: IsodriveError | undefined;

  constructor(source: string, report: Report, charset: NameCharset | undefined) {
    this.#source = source;
    this.#report = report;
    this.#charset = charset;
  }

  /** False when the set ends before these bytes. */
  add(bytes: Uint8Array, offset: number): boolean {
    const text = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
    const identifier = text.slice(1, 6);
    if (identifier === IDENTIFIER) {
      this.#began = true;
      if (!this.#terminated) this.#addDescriptor(bytes, text, offset);
    } else if (text.startsWith(HIGH_SIERRA_IDENTIFIER, HIGH_SIERRA_TYPE + 1)) {
      this.#began = true;
      if (!this.#terminated) this.#addHighSierra(bytes, offset);
    } else if (FOREIGN_IDENTIFIERS.includes(identifier)) {
      this.#began = true;
      this.#hasUdf ||= UDF_IDENTIFIERS.includes(identifier);
    } else return !this.#began;
    return true;
  }

  #addDescriptor(bytes: Uint8Array, text: string, offset: number): void {
    switch (bytes[0]!) {
      case DESCRIPTOR_TYPE.terminator:
        this.#terminated = true;
        reportTerminatorQuirks(this.#source, bytes, offset, this.#report);
        break;
      case DESCRIPTOR_TYPE.primary:
        this.#addPrimary(offset, () => parseVolumeDescriptor(bytes, this.#source, offset, this.#charset));
        break;
      case DESCRIPTOR_TYPE.supplementary:
        this.#addSupplementary(bytes, offset);
        break;
      case DESCRIPTOR_TYPE.boot:
        // El Torito 1.0, figure 7: absolute pointer to the first sector of the boot catalogue, bytes 0x47-0x4A.
        if (text.slice(7).startsWith(EL_TORITO_IDENTIFIER)) {
          this.#bootCatalog ??= new ByteCursor(bytes, this.#source, offset).u32le(0x47);
        }
        break;
    }
  }

  #addHighSierra(bytes: Uint8Array, offset: number): void {
    if (bytes[HIGH_SIERRA_TYPE] === DESCRIPTOR_TYPE.terminator) this.#terminated = true;
    else if (bytes[HIGH_SIERRA_TYPE] === DESCRIPTOR_TYPE.primary) {
      this.#addPrimary(offset, () => parseHighSierraDescriptor(bytes, this.#source, offset, this.#charset));
    }
  }

  /** The first that can be used counts; further ones are copies (ECMA-119 6.7.1.1). */
  #addPrimary(offset: number, parse: () => VolumeDescriptor): void {
    if (this.#primary !== undefined) {
      this.#note(
        'repeated-descriptor',
        offset,
        'Another primary volume descriptor stands here, the first is used',
      );
      return;
    }
    try {
      this.#primary = parse();
    } catch (thrown) {
      this.#fault ??= this.#reportBroken(thrown, offset);
    }
  }

  /** Joliet's, or the enhanced one of ISO 9660:1999; what is neither has a character set that nobody knows. */
  #addSupplementary(bytes: Uint8Array, offset: number): void {
    try {
      const descriptor = parseVolumeDescriptor(bytes, this.#source, offset, this.#charset);
      if (descriptor.jolietLevel > 0) this.#joliet ??= descriptor;
      else if (descriptor.version === ENHANCED_VERSION) this.#enhanced ??= descriptor;
      else
        this.#note(
          'unknown-descriptor',
          offset,
          'Supplementary volume descriptor is no Joliet, it is left out',
        );
    } catch (thrown) {
      this.#reportBroken(thrown, offset);
    }
  }

  #reportBroken(thrown: unknown, offset: number): IsodriveError {
    if (!(thrown instanceof IsodriveError)) throw thrown;
    const { message } = thrown;
    this.#report({
      code: 'damaged-descriptor',
      severity: 'warning',
      message,
      at: { source: this.#source, offset },
    });
    return thrown;
  }

  #note(code: string, offset: number, message: string): void {
    this.#report({
      code,
      severity: 'note',
      message,
      at: { source: this.#source, offset, clause: 'ECMA-119 6.7.1' },
    });
  }

  finish(reader: DataStream, first: number): VolumeDescriptorSet {
    const primary = this.#primary;
    if (primary === undefined && (this.#fault !== undefined || this.#bootCatalog === undefined)) {
      throw this.#fault ?? refuseMissingPrimary(reader, first, this.#hasUdf, this.#began);
    }
    if (!this.#terminated) {
      this.#note('unterminated-descriptors', first, 'Volume descriptors end without a terminator');
    }
    if (primary !== undefined && primary.offset > first) {
      this.#note('shifted-descriptor', primary.offset, 'Primary volume descriptor is not the first one');
    }
    for (const descriptor of [primary, this.#joliet, this.#enhanced]) {
      if (descriptor !== undefined) reportDescriptorQuirks(this.#source, descriptor, this.#report);
    }
    const isOwnTree = this.#enhanced?.rootOffset !== primary?.rootOffset;
    return {
      primary,
      joliet: this.#joliet,
      enhanced: isOwnTree ? this.#enhanced : undefined,
      bootCatalog: this.#bootCatalog,
      hasUdf: this.#hasUdf,
    };
  }
}

function refuseMissingPrimary(
  reader: DataStream,
  first: number,
  hasUdf: boolean,
  began: boolean,
): IsodriveError {
  const source = reader.name;
  const at = { source, offset: first, clause: 'ECMA-119 8.4' };
  if (hasUdf) {
    return new IsodriveError(
      'unsupported',
      `Cannot read "${source}": it holds a UDF volume only, expected ISO 9660`,
      { at },
    );
  }
  const isCut = reader.size < first + 2 * DESCRIPTOR_BYTES;
  const found = isCut ? `image ends at byte ${reader.size}` : 'there is none';
  return new IsodriveError(
    began ? 'damaged' : 'unsupported',
    `Cannot find the primary volume descriptor of "${source}": ${found}, expected one at sector ${first / DESCRIPTOR_BYTES}`,
    { at },
  );
}
