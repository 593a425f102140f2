// The boot catalogue (El Torito 1.0, section 2): what firmware may start from this disc. Listed, never interpreted.
import { ByteCursor } from '../../base/byte-cursor.js';
import type { Finding } from '../../base/finding.js';
import type { DataStream } from '../../disc/data-stream.js';
import { readAtMost } from '../../source/read-fully.js';
import type { BootEmulation, BootEntry, BootPlatform } from '../contract/boot-entry.js';

const ENTRY_BYTES = 32;
/** Catalogue bytes read: room for 256 entries; real ones have three. */
export const MAX_CATALOG_BYTES = 8192;
const HEADER = { validation: 0x01, section: 0x90, lastSection: 0x91, extension: 0x44 } as const;
const BOOTABLE = 0x88;
/** Units of the sector count (2.2): virtual sectors of a floppy or disk. */
const VIRTUAL_SECTOR = 512;
/** Bytes of the blocks that the catalogue counts in. */
export const BLOCK = 2048;

const PLATFORMS = new Map<number, BootPlatform>([
  [0, 'x86'],
  [1, 'powerpc'],
  [2, 'mac'],
  [0xef, 'efi'],
]);
const EMULATIONS: readonly BootEmulation[] = [
  'none',
  'floppy-1.2',
  'floppy-1.44',
  'floppy-2.88',
  'hard-disk',
];

/** Entries of the catalogue at `block`; what is wrong with it becomes a finding. Rejects as ByteSource.read does. */
export async function readBootCatalog(
  reader: DataStream,
  block: number,
  report: (finding: Finding) => void,
  signal?: AbortSignal,
): Promise<BootEntry[]> {
  const offset = block * BLOCK;
  const bytes = await readAtMost(reader, offset, MAX_CATALOG_BYTES, signal);
  const cursor = new ByteCursor(bytes, reader.name, offset);
  const note = (code: string, severity: Finding['severity'], message: string, at = offset): void =>
    report({ code, severity, message, at: { source: reader.name, offset: at, clause: 'El Torito 2' } });
  const complain = (message: string): void => note('damaged-boot-catalog', 'warning', message);
  if (bytes.length < 2 * ENTRY_BYTES) {
    complain(`Boot catalogue lies at byte ${offset}, but the image ends at byte ${reader.size}`);
    return [];
  }
  const id = cursor.u8(0); // 2.1 Validation Entry, offset 0: header id, must be 1
  if (id !== HEADER.validation) {
    complain(`Boot catalogue starts with ${id}, expected a validation entry (${HEADER.validation})`);
    return [];
  }
  if (!hasValidChecksum(cursor)) complain('Words of the validation entry do not add up to 0');
  const { entries, quirk, end } = readEntries(cursor);
  if (quirk !== undefined) note('odd-boot-catalog', 'note', QUIRKS[quirk], offset + end);
  return entries;
}

/** 2.1: the sixteen words of the validation entry add up to 0. */
function hasValidChecksum(cursor: ByteCursor): boolean {
  let sum = 0;
  for (let at = 0; at < ENTRY_BYTES; at += 2) sum = (sum + cursor.u16le(at)) & 0xffff;
  return sum === 0;
}

const QUIRKS = {
  headless: 'Section entries stand without a section header, they are taken for those of the first platform',
  unterminated: 'No section header says that it is the last',
  endless: 'Catalogue is longer than is read, its rest is left out',
} as const;

interface Entries {
  readonly entries: BootEntry[];
  readonly quirk: keyof typeof QUIRKS | undefined;
  /** Offset in the catalogue where it ends. */
  readonly end: number;
}

function readEntries(cursor: ByteCursor): Entries {
  const defaultPlatform = cursor.u8(1); // 2.1 Validation Entry, offset 1
  const entries = [readEntry(cursor, ENTRY_BYTES, defaultPlatform)];
  let quirk: Entries['quirk'];
  let at = 2 * ENTRY_BYTES;
  while (at + ENTRY_BYTES <= cursor.length) {
    const id = cursor.u8(at); // 2.3 Section Header, offset 0
    if (id === BOOTABLE) {
      // Written so for Mageia 4.
      entries.push(readEntry(cursor, at, defaultPlatform));
      quirk = 'headless';
      at += ENTRY_BYTES;
      continue;
    }
    // Behind the default entry alone there need be no header at all.
    if (id !== HEADER.section && id !== HEADER.lastSection) return { entries, quirk, end: at };
    quirk ??= 'unterminated';
    const platform = cursor.u8(at + 1); // offset 1
    const count = cursor.u16le(at + 2); // offsets 2-3: entries of the section
    at += ENTRY_BYTES;
    let left = count;
    for (; left > 0 && at + ENTRY_BYTES <= cursor.length; at += ENTRY_BYTES) {
      if (cursor.u8(at) === HEADER.extension) continue;
      entries.push(readEntry(cursor, at, platform));
      left -= 1;
    }
    if (left > 0) break;
    // Extensions of the section's last entry.
    while (at + ENTRY_BYTES <= cursor.length && cursor.u8(at) === HEADER.extension) at += ENTRY_BYTES;
    if (id === HEADER.lastSection)
      return { entries, quirk: quirk === 'headless' ? quirk : undefined, end: at };
  }
  // A default entry alone may be all there is at the end of an image.
  return { entries, quirk: quirk === undefined ? undefined : 'endless', end: at };
}

/** 2.2 Initial/Default Entry, 2.4 Section Entry: the same fields. */
function readEntry(cursor: ByteCursor, at: number, platform: number): BootEntry {
  return {
    platform: PLATFORMS.get(platform) ?? 'unknown',
    bootable: cursor.u8(at) === BOOTABLE, // offset 0: boot indicator
    emulation: EMULATIONS[cursor.u8(at + 1) & 0x0f] ?? 'unknown', // offset 1: boot media type, bits 0-3
    loadSize: cursor.u16le(at + 6) * VIRTUAL_SECTOR, // offsets 6-7: sector count
    offset: cursor.u32le(at + 8) * BLOCK, // offsets 8-11: load RBA
  };
}
