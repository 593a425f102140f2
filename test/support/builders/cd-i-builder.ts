// Builds small CD-i volumes record by record. Layout after public descriptions by the community, see
// src/filesystem/cd-i/disc-label.ts.

const SECTOR = 2048;
const LABEL = 16;
/** Sector of the path table; directories and files stand behind it. */
const PATH_TABLE = 18;

export interface CdiEntry {
  readonly name: string;
  readonly data?: Uint8Array;
  /** Of a directory. */
  readonly entries?: readonly CdiEntry[];
  /** Instead of those that are right: sector, and bytes. */
  readonly sector?: number;
  readonly size?: number;
  /** Attributes; 0x0111 where absent: everybody may read it. */
  readonly attributes?: number;
  /** Sectors in a row, and of others between them; the data must stand so. */
  readonly interleave?: readonly [unit: number, gap: number];
  /** Only the path table has it. */
  readonly isUnlisted?: boolean;
}

export interface CdiOptions {
  readonly label?: string;
  /** Changes the image once it is complete; `sectors`: of directories and files by path. */
  readonly patch?: (image: Buffer, sectors: ReadonlyMap<string, number>) => void;
}

interface PlacedDirectory {
  readonly path: string;
  readonly name: string;
  readonly parent: number;
  readonly entries: readonly CdiEntry[];
  readonly sector: number;
  readonly bytes: number;
}

export function buildCdi(entries: readonly CdiEntry[], options: CdiOptions = {}): Buffer {
  const { label = 'CDI_TEST', patch } = options;
  let next = PATH_TABLE + 1;
  const directories: PlacedDirectory[] = [];
  // Breadth first, as path tables are sorted.
  const queue: Omit<PlacedDirectory, 'sector' | 'bytes'>[] = [{ path: '', name: '\0', parent: 1, entries }];
  for (let i = 0; i < queue.length; i += 1) {
    const { path, entries: own } = queue[i]!;
    const bytes = measure(own);
    directories.push({ ...queue[i]!, sector: next, bytes });
    next += bytes / SECTOR;
    for (const entry of own) {
      const { name, entries: inner } = entry;
      if (inner !== undefined) queue.push({ path: `${path}/${name}`, name, parent: i + 1, entries: inner });
    }
  }
  const sectors = new Map(directories.map(({ path, sector }) => [path, sector]));
  const files: [number, Uint8Array][] = [];
  for (const { path, entries: own } of directories) {
    for (const { name, data = new Uint8Array(), entries: inner } of own) {
      if (inner !== undefined) continue;
      sectors.set(`${path}/${name}`, next);
      files.push([next, data]);
      next += Math.max(1, Math.ceil(data.length / SECTOR));
    }
  }
  const image = Buffer.alloc(next * SECTOR);
  for (const [sector, data] of files) image.set(data, sector * SECTOR);
  for (const directory of directories) writeDirectory(image, directory, directories, sectors);
  const table = Buffer.concat(directories.map(encodePathRecord));
  image.set(table, PATH_TABLE * SECTOR);
  writeLabel(image, label, next, table.length);
  patch?.(image, sectors);
  return image;
}

function writeLabel(image: Buffer, label: string, blocks: number, tableBytes: number): void {
  const bytes = image.subarray(LABEL * SECTOR, (LABEL + 1) * SECTOR);
  bytes.write('\x01CD-I \x01', 0, 'latin1');
  bytes.fill(0x20, 8, 72);
  bytes.write('CD-RTOS', 8, 'latin1');
  bytes.write(label, 40, 'latin1');
  bytes.writeUInt32BE(blocks, 84);
  bytes.writeUInt16BE(SECTOR, 130);
  bytes.writeUInt32BE(tableBytes, 136);
  bytes.writeUInt32BE(PATH_TABLE, 148);
  bytes.fill(0x20, 190, 702);
  bytes.write('ALBUM', 190, 'latin1');
  bytes.write('1993050611223344', 813, 'latin1');
  bytes[881] = 1;
  image.write('\xffCD-I \x01', (LABEL + 1) * SECTOR, 'latin1');
}

function encodePathRecord({ name, parent, sector }: PlacedDirectory): Buffer {
  const bytes = Buffer.alloc(8 + name.length + (name.length & 1));
  bytes[0] = name.length;
  bytes.writeUInt32BE(sector, 2);
  bytes.writeUInt16BE(parent, 6);
  bytes.write(name, 8, 'latin1');
  return bytes;
}

/** Bytes of a record: fixed fields, name to an even length, owner and attributes. */
function recordLength(name: string): number {
  return ((33 + name.length + 1) & ~1) + 10;
}

/** Places of records of these names; none crosses the end of a sector. */
function layOut(names: readonly string[]): { places: number[]; end: number } {
  const places: number[] = [];
  let end = 0;
  for (const name of names) {
    const length = recordLength(name);
    if ((end % SECTOR) + length > SECTOR) end += SECTOR - (end % SECTOR);
    places.push(end);
    end += length;
  }
  return { places, end };
}

function listed(entries: readonly CdiEntry[]): readonly CdiEntry[] {
  return entries.filter(({ isUnlisted }) => isUnlisted !== true);
}

function measure(entries: readonly CdiEntry[]): number {
  const { end } = layOut(['\0', '\x01', ...listed(entries).map(({ name }) => name)]);
  return Math.ceil(end / SECTOR) * SECTOR;
}

function writeDirectory(
  image: Buffer,
  directory: PlacedDirectory,
  directories: readonly PlacedDirectory[],
  sectors: ReadonlyMap<string, number>,
): void {
  const parent = directories[directory.parent - 1]!;
  const self = { name: '\0', sector: directory.sector, size: directory.bytes, entries: [] };
  const up = { name: '\x01', sector: parent.sector, size: parent.bytes, entries: [] };
  const rows: CdiEntry[] = [self, up, ...listed(directory.entries)];
  const { places } = layOut(rows.map(({ name }) => name));
  rows.forEach((entry, i) => {
    const path = `${directory.path}/${entry.name}`;
    const inner = directories.find((one) => one.path === path);
    const sector = entry.sector ?? sectors.get(path) ?? 0;
    const size = entry.size ?? inner?.bytes ?? entry.data?.length ?? 0;
    const at = directory.sector * SECTOR + places[i]!;
    image.set(encodeRecord(entry, sector, size), at);
  });
}

function encodeRecord(entry: CdiEntry, sector: number, size: number): Buffer {
  const { name, interleave = [0, 0], entries, attributes = entries === undefined ? 0x0111 : 0x8111 } = entry;
  const record = Buffer.alloc(recordLength(name));
  record[0] = record.length;
  record.writeUInt32BE(sector >>> 0, 6);
  record.writeUInt32BE(size, 14);
  record.set([93, 5, 6, 11, 22, 33], 18);
  record.set(interleave, 26);
  record.writeUInt16BE(1, 30);
  record[32] = name.length;
  record.write(name, 33, 'latin1');
  record.writeUInt16BE(attributes, record.length - 6);
  return record;
}
