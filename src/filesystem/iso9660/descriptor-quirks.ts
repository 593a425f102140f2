// Fields of volume descriptors that are wrong on real discs and harmless: each is told, and none is believed.
import { countBytes } from '../../base/byte-count.js';
import type { Finding } from '../../base/finding.js';
import { ENHANCED_VERSION } from './volume-descriptor.js';
import type { VolumeDescriptor } from './volume-descriptor.js';

type Report = (finding: Finding) => void;

const ROOT_RECORD_BYTES = 34;

export function reportDescriptorQuirks(source: string, descriptor: VolumeDescriptor, report: Report): void {
  const { offset, mismatchOffset, rootRecordLength, structureVersion, version } = descriptor;
  const note = (code: string, at: number, message: string, clause: string): void =>
    report({ code, severity: 'note', message, at: { source, offset: at, clause } });
  if (mismatchOffset !== undefined) {
    const what = 'Halves of a both-endian number differ, the little-endian one is used';
    note('both-endian-mismatch', mismatchOffset, what, 'ECMA-119 7.3.3');
  }
  if (rootRecordLength !== ROOT_RECORD_BYTES) {
    const what = `Record of the root directory says it has ${countBytes(rootRecordLength)}, expected ${ROOT_RECORD_BYTES}`;
    note('odd-root-record', offset, what, 'ECMA-119 8.4.18');
  }
  if (structureVersion !== 1 && !(structureVersion === ENHANCED_VERSION && version === ENHANCED_VERSION)) {
    const what = `File structure version is ${structureVersion}, expected 1`;
    note('odd-structure-version', offset, what, 'ECMA-119 8.4.31');
  }
}

/** A terminator has version 1 and zeros behind it (8.3.3, 8.3.4). */
export function reportTerminatorQuirks(
  source: string,
  bytes: Uint8Array,
  offset: number,
  report: Report,
): void {
  const hasData = bytes.subarray(7).some((byte) => byte !== 0);
  if (bytes[6] === 1 && !hasData) return;
  report({
    code: 'odd-terminator',
    severity: 'note',
    message: hasData
      ? 'Terminator of the volume descriptors holds data'
      : 'Terminator has another version than 1',
    at: { source, offset, clause: 'ECMA-119 8.3' },
  });
}
