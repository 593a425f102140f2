// Builds small XDVDFS volumes (Xbox discs) record by record, and whole discs with one behind a volume for DVD players.
// Layout after public descriptions by the community, see src/filesystem/xdvdfs/volume-descriptor.ts.

const SECTOR = 2048;
const DESCRIPTOR = 32;
const MAGIC = 'MICROSOFT*XBOX*MEDIA';
const HEADER = 14;
/** Ticks of 100 nanoseconds from 1601 to 1970. */
const EPOCH = 116_444_736_000_000_000n;

export interface XdvdfsEntry {
  readonly name: string;
  readonly data?: Uint8Array;
  /** Of a directory. */
  readonly entries?: readonly XdvdfsEntry[];
  /** Instead of those of the data or the table: counted from the start of the partition, and bytes. */
  readonly sector?: number;
  readonly size?: number;
  /** Only what the table holds: nothing points to it. */
  readonly isUnreached?: boolean;
  /** Changes the table once it is complete; `places`: byte offsets of its records by name. */
  readonly patch?: TablePatch;
}

type TablePatch = (table: Buffer, places: ReadonlyMap<string, number>) => void;

export interface XdvdfsOptions {
  /** Milliseconds since 1970. */
  readonly created?: number;
  /** Of the root's table. */
  readonly patch?: TablePatch;
  /** What stands for a child that is not there; 0 where absent. */
  readonly noChild?: 0 | 0xffff;
}

/** The game partition alone, with these entries in its root. */
export function buildXdvdfs(entries: readonly XdvdfsEntry[], options: XdvdfsOptions = {}): Buffer {
  const { created = 1_000_000_000_000, patch, noChild = 0 } = options;
  const sectors: Buffer[] = [];
  const first = DESCRIPTOR + 1;
  const place = (bytes: Uint8Array): number => {
    const at = first + sectors.length;
    for (let done = 0; done < bytes.length; done += SECTOR) {
      const sector = Buffer.alloc(SECTOR);
      sector.set(bytes.subarray(done, done + SECTOR));
      sectors.push(sector);
    }
    return at;
  };
  const root = placeDirectory(entries, place, noChild, patch);
  const descriptor = Buffer.alloc(SECTOR);
  descriptor.write(MAGIC, 0, 'latin1');
  descriptor.writeUInt32LE(root.sector, 20);
  descriptor.writeUInt32LE(root.size, 24);
  descriptor.writeBigUInt64LE(BigInt(created) * 10_000n + EPOCH, 28);
  descriptor.write(MAGIC, 0x7ec, 'latin1');
  return Buffer.concat([Buffer.alloc(DESCRIPTOR * SECTOR), descriptor, ...sectors]);
}

interface Placed {
  readonly sector: number;
  readonly size: number;
}

function placeDirectory(
  entries: readonly XdvdfsEntry[],
  place: (bytes: Uint8Array) => number,
  noChild: number,
  patch: TablePatch | undefined,
): Placed {
  const records = [...entries].sort((a, b) => (a.name.toUpperCase() < b.name.toUpperCase() ? -1 : 1));
  const placed = records.map((entry) => {
    if (entry.entries !== undefined) return placeDirectory(entry.entries, place, noChild, entry.patch);
    const data = entry.data ?? new Uint8Array();
    return { sector: data.length > 0 ? place(data) : 0, size: data.length };
  });
  const reached = records.map((_, i) => i).filter((i) => records[i]!.isUnreached !== true);
  const { order, left, right } = balance(reached);
  order.push(...records.map((_, i) => i).filter((i) => records[i]!.isUnreached === true));
  const places = new Map<string, number>();
  let end = 0;
  for (const i of order) {
    const length = HEADER + Buffer.byteLength(records[i]!.name, 'latin1');
    // A record does not cross the end of a sector.
    if ((end % SECTOR) + length > SECTOR) end += SECTOR - (end % SECTOR);
    places.set(records[i]!.name, end);
    end += (length + 3) & ~3;
  }
  const table = Buffer.alloc(Math.max(1, Math.ceil(end / SECTOR)) * SECTOR, 0xff);
  records.forEach((entry, i) => {
    const at = places.get(entry.name)!;
    const child = (index: number | undefined): number =>
      index === undefined ? noChild : places.get(records[index]!.name)! / 4;
    table.writeUInt16LE(child(left.get(i)), at);
    table.writeUInt16LE(child(right.get(i)), at + 2);
    table.writeUInt32LE(entry.sector ?? placed[i]!.sector, at + 4);
    table.writeUInt32LE(entry.size ?? placed[i]!.size, at + 8);
    table[at + 12] = entry.entries === undefined ? 0x20 : 0x10;
    table[at + 13] = Buffer.byteLength(entry.name, 'latin1');
    table.write(entry.name, at + HEADER, 'latin1');
  });
  patch?.(table, places);
  return { sector: place(table), size: table.length };
}

/** A balanced tree over sorted indexes, in the order in which its nodes are recorded: the root first. */
function balance(sorted: readonly number[]): {
  order: number[];
  left: Map<number, number>;
  right: Map<number, number>;
} {
  const order: number[] = [];
  const left = new Map<number, number>();
  const right = new Map<number, number>();
  const add = (from: number, to: number): number | undefined => {
    if (from >= to) return undefined;
    const middle = (from + to) >> 1;
    const node = sorted[middle]!;
    order.push(node);
    const [low, high] = [add(from, middle), add(middle + 1, to)];
    if (low !== undefined) left.set(node, low);
    if (high !== undefined) right.set(node, high);
    return node;
  };
  add(0, sorted.length);
  return { order, left, right };
}
