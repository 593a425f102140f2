// Builds small Opera volumes (3DO discs) record by record. Layout after public descriptions by the community, see
// src/filesystem/opera/volume-label.ts.

const BLOCK = 2048;
const HEADER = 20;
const RECORD = 68;
const NONE = 0xffff_ffff;

export interface OperaEntry {
  readonly name: string;
  readonly data?: Uint8Array;
  /** Of a directory. */
  readonly entries?: readonly OperaEntry[];
  /** How often it is recorded; 1 where absent. */
  readonly copies?: number;
  /** Blocks where the copies are said to lie, and bytes, instead of the right ones. */
  readonly places?: readonly number[];
  readonly size?: number;
  readonly gap?: number;
  /** Low byte of the flags, and type. */
  readonly kind?: number;
  readonly type?: string;
}

export interface OperaOptions {
  readonly label?: string;
  readonly rootCopies?: number;
  /** Changes the blocks once they are complete; `blocks`: first block of each directory's first copy, by path. */
  readonly patch?: (image: Buffer, blocks: ReadonlyMap<string, number>) => void;
}

export function buildOpera(entries: readonly OperaEntry[], options: OperaOptions = {}): Buffer {
  const { label = '3DO', rootCopies = 2, patch } = options;
  const blocks: Buffer[] = [Buffer.alloc(BLOCK)];
  const firsts = new Map<string, number>();
  const place = (bytes: Uint8Array): number => {
    const at = blocks.length;
    for (let done = 0; done === 0 || done < bytes.length; done += BLOCK) {
      const block = Buffer.alloc(BLOCK);
      block.set(bytes.subarray(done, done + BLOCK));
      blocks.push(block);
    }
    return at;
  };
  const placeAll = (bytes: Uint8Array, copies: number): number[] =>
    Array.from({ length: copies }, () => place(bytes));
  const placeDirectory = (path: string, list: readonly OperaEntry[], copies: number) => {
    const records = list.map((entry) => {
      const { data = new Uint8Array(), copies: own = 1 } = entry;
      if (entry.entries === undefined) return encode(entry, placeAll(data, own), data.length);
      const { places, size } = placeDirectory(`${path}/${entry.name}`, entry.entries, own);
      return encode(entry, places, size);
    });
    const bytes = encodeDirectory(records);
    const places = placeAll(bytes, copies);
    firsts.set(path, places[0]!);
    return { places, size: bytes.length };
  };
  const root = placeDirectory('', entries, rootCopies);
  const image = Buffer.concat(blocks);
  image.write('\x01ZZZZZ\x01', 0, 'latin1');
  image.write('a comment', 8, 'latin1');
  image.write(label, 40, 'latin1');
  const last = root.places.length - 1;
  const numbers = [0x1234, BLOCK, blocks.length, 1, root.size / BLOCK, BLOCK, last, ...root.places];
  numbers.forEach((value, i) => image.writeUInt32BE(value, 72 + 4 * i));
  patch?.(image, firsts);
  return image;
}

function encode(entry: OperaEntry, placed: readonly number[], length: number): Buffer {
  const { name, entries, kind = entries === undefined ? 2 : 7, places = placed, size = length } = entry;
  const record = Buffer.alloc(RECORD + 4 * places.length);
  record.writeUInt32BE(kind, 0);
  record.write(entry.type ?? (entries === undefined ? 'DATA' : '*dir'), 8, 'latin1');
  const numbers = [BLOCK, size, Math.ceil(size / BLOCK), 1, entry.gap ?? 0];
  numbers.forEach((value, i) => record.writeUInt32BE(value, 12 + 4 * i));
  record.write(name, 32, 32, 'latin1');
  [places.length - 1, ...places].forEach((value, i) => record.writeUInt32BE(value >>> 0, 64 + 4 * i));
  return record;
}

/** Blocks of a directory, one behind the other. */
function encodeDirectory(records: readonly Buffer[]): Buffer {
  const groups: Buffer[][] = [[]];
  let room = BLOCK - HEADER;
  for (const record of records) {
    if (record.length > room) {
      groups.push([]);
      room = BLOCK - HEADER;
    }
    groups.at(-1)!.push(record);
    room -= record.length;
  }
  const blocks = groups.map((group, i) => {
    const isLast = i === groups.length - 1;
    const end = HEADER + group.reduce((sum, { length }) => sum + length, 0);
    const last = group.at(-1);
    last?.writeUInt32BE((last.readUInt32BE(0) | 0x4000_0000 | (isLast ? 0x8000_0000 : 0)) >>> 0, 0);
    const header = Buffer.alloc(HEADER);
    [isLast ? NONE : i + 1, i === 0 ? NONE : i - 1, 0, end, HEADER].forEach((value, n) =>
      header.writeUInt32BE(value, 4 * n),
    );
    return Buffer.concat([header, ...group], BLOCK);
  });
  return Buffer.concat(blocks);
}
