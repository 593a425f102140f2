// The sequence of volume descriptors at the start of a disc (ECMA-119 6.7.1): which of them this reader uses.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { SectorReader } from '../../disc/sector-reader.js';
import { readAtMost } from '../../source/read-fully.js';
import { DESCRIPTOR_BYTES, DESCRIPTOR_TYPE, parseVolumeDescriptor } from './volume-descriptor.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

/** Sector of the first descriptor. */
const FIRST_SECTOR = 16;
/** Descriptors looked at (Linux reads as many); a set without terminator ends there or at the first other sector. */
const MAX_DESCRIPTORS = 100;
const IDENTIFIER = 'CD001';
const HIGH_SIERRA_IDENTIFIER = 'CDROM';
const UDF_IDENTIFIERS: readonly string[] = ['NSR02', 'NSR03'];
/** Other identifiers that may stand between (ECMA-167 2/9.1.2). */
const FOREIGN_IDENTIFIERS: readonly string[] = ['BEA01', 'TEA01', 'BOOT2', 'CDW02', ...UDF_IDENTIFIERS];
/** ECMA-119 8.2.3 with El Torito 1.0, figure 7: Boot System Identifier. */
const EL_TORITO_IDENTIFIER = 'EL TORITO SPECIFICATION';

export interface VolumeDescriptorSet {
  readonly primary: VolumeDescriptor;
  readonly joliet: VolumeDescriptor | undefined;
  /** Logical block address of the boot catalogue (El Torito), if a boot record names one. */
  readonly bootCatalog: number | undefined;
  /** A UDF volume stands beside this one. */
  readonly hasUdf: boolean;
}

/**
 * Reads the set. Rejects with `unsupported` (another file system), `damaged` (no primary descriptor), and as
 * ByteSource.read does.
 */
export async function readVolumeDescriptors(
  reader: SectorReader,
  report: (finding: Finding) => void,
  signal?: AbortSignal,
): Promise<VolumeDescriptorSet> {
  let primary: VolumeDescriptor | undefined;
  let joliet: VolumeDescriptor | undefined;
  let bootCatalog: number | undefined;
  let hasUdf = false;
  let terminated = false;
  for (let index = 0; index < MAX_DESCRIPTORS; index += 1) {
    const offset = (FIRST_SECTOR + index) * DESCRIPTOR_BYTES;
    const bytes = await readAtMost(reader, offset, DESCRIPTOR_BYTES, signal);
    if (bytes.length < DESCRIPTOR_BYTES) break;
    const text = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
    const identifier = text.slice(1, 6);
    if (identifier !== IDENTIFIER) {
      if (text.startsWith(HIGH_SIERRA_IDENTIFIER, 9)) throw refuseHighSierra(reader.name, offset);
      hasUdf ||= UDF_IDENTIFIERS.includes(identifier);
      if (FOREIGN_IDENTIFIERS.includes(identifier)) continue;
      break;
    }
    const type = bytes[0];
    if (type === DESCRIPTOR_TYPE.terminator) terminated = true;
    else if (terminated) continue;
    else if (type === DESCRIPTOR_TYPE.primary) {
      primary ??= parseVolumeDescriptor(bytes, reader.name, offset);
    } else if (type === DESCRIPTOR_TYPE.supplementary) {
      joliet ??= parseJoliet(bytes, reader.name, offset, report);
    } else if (type === DESCRIPTOR_TYPE.boot && text.slice(7).startsWith(EL_TORITO_IDENTIFIER)) {
      bootCatalog ??= readCatalogAddress(bytes);
    }
  }
  if (primary === undefined) throw refuseMissingPrimary(reader, hasUdf);
  if (!terminated) reportMissingTerminator(reader.name, report);
  for (const descriptor of [primary, joliet]) reportMismatch(reader.name, descriptor, report);
  return { primary, joliet, bootCatalog, hasUdf };
}

/** A supplementary descriptor, if it is Joliet's; a broken one costs only its own tree. */
function parseJoliet(
  bytes: Uint8Array,
  source: string,
  offset: number,
  report: (finding: Finding) => void,
): VolumeDescriptor | undefined {
  try {
    const descriptor = parseVolumeDescriptor(bytes, source, offset);
    return descriptor.jolietLevel > 0 ? descriptor : undefined;
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError)) throw thrown;
    report({
      code: 'damaged-descriptor',
      severity: 'warning',
      message: thrown.message,
      at: { source, offset },
    });
    return undefined;
  }
}

/** El Torito 1.0, figure 7: absolute pointer to the first sector of the boot catalogue, bytes 0x47-0x4A. */
function readCatalogAddress(bytes: Uint8Array): number {
  return new ByteCursor(bytes, '', 0).u32le(0x47);
}

function refuseHighSierra(source: string, offset: number): IsodriveError {
  return new IsodriveError(
    'unsupported',
    `Cannot read "${source}": it is a High Sierra disc, expected ISO 9660`,
    {
      at: { source, offset },
    },
  );
}

function refuseMissingPrimary(reader: SectorReader, hasUdf: boolean): IsodriveError {
  const source = reader.name;
  const at = { source, offset: FIRST_SECTOR * DESCRIPTOR_BYTES, clause: 'ECMA-119 8.4' };
  if (hasUdf) {
    return new IsodriveError(
      'unsupported',
      `Cannot read "${source}": it holds a UDF volume only, expected ISO 9660`,
      { at },
    );
  }
  const isCut = reader.size < (FIRST_SECTOR + 2) * DESCRIPTOR_BYTES;
  const found = isCut ? `image ends at byte ${reader.size}` : 'there is none';
  return new IsodriveError(
    'damaged',
    `Cannot find the primary volume descriptor of "${source}": ${found}, expected one at sector ${FIRST_SECTOR}`,
    { at },
  );
}

function reportMissingTerminator(source: string, report: (finding: Finding) => void): void {
  report({
    code: 'unterminated-descriptors',
    severity: 'note',
    message: 'Volume descriptors end without a terminator',
    at: { source, offset: FIRST_SECTOR * DESCRIPTOR_BYTES, clause: 'ECMA-119 8.3' },
  });
}

function reportMismatch(
  source: string,
  descriptor: VolumeDescriptor | undefined,
  report: (finding: Finding) => void,
): void {
  if (descriptor?.mismatchOffset === undefined) return;
  report({
    code: 'both-endian-mismatch',
    severity: 'note',
    message: 'Halves of a both-endian number differ, the little-endian one is used',
    at: { source, offset: descriptor.mismatchOffset, clause: 'ECMA-119 7.3.3' },
  });
}
