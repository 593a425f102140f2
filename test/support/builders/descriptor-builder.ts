// Builds volume descriptors, path tables and records of High Sierra, for images that iso-builder puts together.
import { SECTOR, record } from './iso-builder.js';
import type { RecordSpec } from './iso-builder.js';

export interface DescriptorSpec {
  /** 1 primary, 2 supplementary. */
  readonly type?: number;
  readonly version?: number;
  /** Escape sequences, latin-1. */
  readonly escapes?: string;
  readonly label?: Uint8Array | string;
  readonly root: { readonly extent: number; readonly size: number };
  readonly blocks?: number;
  readonly blockSize?: number;
  readonly pathTable?: { readonly size: number; readonly little: number; readonly big?: number };
}

/** A volume descriptor of ECMA-119 8.4 or 8.5. */
export function descriptor(spec: DescriptorSpec): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes[0] = spec.type ?? 1;
  bytes.write('CD001', 1, 'latin1');
  bytes[6] = spec.version ?? 1;
  bytes.fill(0x20, 8, 72);
  bytes.set(typeof spec.label === 'object' ? spec.label : Buffer.from(spec.label ?? 'TEST', 'latin1'), 40);
  both32(bytes, 80, spec.blocks ?? 64);
  bytes.write(spec.escapes ?? '', 88, 'latin1');
  for (const at of [120, 124]) both16(bytes, at, 1);
  both16(bytes, 128, spec.blockSize ?? SECTOR);
  both32(bytes, 132, spec.pathTable?.size ?? 0);
  bytes.writeUInt32LE(spec.pathTable?.little ?? 0, 140);
  bytes.writeUInt32BE(spec.pathTable?.big ?? 0, 148);
  bytes.set(record({ name: '\0', flags: 2, ...spec.root }), 156);
  bytes[881] = 1;
  return bytes;
}

export function terminator(): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write('\xffCD001\x01', 'latin1');
  return bytes;
}

/** El Torito's boot record: names the sector of the catalogue. */
export function bootRecord(catalog: number): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write('\0CD001\x01EL TORITO SPECIFICATION', 'latin1');
  bytes.writeUInt32LE(catalog, 0x47);
  return bytes;
}

/** UCS-2, big-endian. */
export function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

/** A path table (ECMA-119 9.4): name, extent and number of the parent of each directory, the root first. */
export function pathTable(rows: readonly (readonly [string, number, number])[], isLittle = true): Buffer {
  return Buffer.concat(
    rows.map(([name, extent, parent]) => {
      const bytes = Buffer.alloc(8 + name.length + (name.length & 1));
      bytes[0] = name.length;
      if (isLittle) {
        bytes.writeUInt32LE(extent, 2);
        bytes.writeUInt16LE(parent, 6);
      } else {
        bytes.writeUInt32BE(extent, 2);
        bytes.writeUInt16BE(parent, 6);
      }
      bytes.write(name, 8, 'latin1');
      return bytes;
    }),
  );
}

/** A record of High Sierra: its date has six bytes, behind which the flags stand. */
export function highSierraRecord(spec: RecordSpec): Buffer {
  const bytes = Buffer.from(record({ ...spec, flags: 0 }));
  bytes[24] = spec.flags ?? 0;
  bytes[25] = 0;
  return bytes;
}

/** The standard file structure descriptor of High Sierra. */
export function highSierraDescriptor(spec: DescriptorSpec): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  const iso = descriptor(spec);
  both32(bytes, 0, 16);
  // All fields up to the block size and the path table's size stand eight bytes later.
  bytes.set(iso.subarray(0, 140), 8);
  bytes.write('CDROM', 9, 'latin1');
  bytes.writeUInt32LE(spec.pathTable?.little ?? 0, 148);
  bytes.set(highSierraRecord({ name: '\0', flags: 2, ...spec.root }), 180);
  bytes.write('1989020304050607', 790, 'latin1');
  return bytes;
}

function both32(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value, offset);
  bytes.writeUInt32BE(value, offset + 4);
}

function both16(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt16LE(value, offset);
  bytes.writeUInt16BE(value, offset + 2);
}
