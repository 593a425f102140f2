// Images packed by bgzip or dictzip: gzip files that say where the parts begin that can be unpacked alone.
import { constants, crc32, inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import { IsodriveError } from '../../base/error.js';
import type { Decompress } from '../../codec/decompressor.js';
import { expectSize } from '../../codec/fixed-output.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { BlockMap, openBlockMap } from '../packed/block-map.js';
import { refuseUnseekable } from '../packed/refuse.js';
import { readNear } from '../packed/read-near.js';
import { MAX_HEADER_BYTES, parseMember, TRAILER_BYTES } from './parse.js';
import type { ChunkTable, Member } from './parse.js';

/** Bytes of the header of a member that bgzip writes, and those that are read for one: of other extra fields too. */
const BLOCK_HEADER_BYTES = 64;
/** Bytes of the content of a member of bgzf: its own length has 16 bits. */
const MAX_MEMBER_CONTENT = 65_536;

export const gzipFormat: Filter = {
  kind: 'filter',
  name: 'gzip',
  title: 'a gzip file of bgzip or dictzip',

  async probe({ main }, _marks, signal) {
    const [a, b, method] = await readAtMost(main, 0, 3, signal);
    return a === 0x1f && b === 0x8b && method === 8 ? 3 : 0;
  },

  async open({ main }, signal) {
    const member = parseMember(await readAtMost(main, 0, MAX_HEADER_BYTES, signal));
    if (member?.length !== undefined) return openMembers(main, signal);
    if (member?.chunks !== undefined) return openChunks(main, member, member.chunks, signal);
    throw refuseUnseekable(main, 'a gzip file', 'gzip -dc', 'bgzip', 'gz');
  },
};

async function openMembers(main: ByteSource, signal: AbortSignal | undefined): Promise<ByteSource> {
  const map = new BlockMap();
  const starts: number[] = [];
  const lengths: number[] = [];
  for (let at = 0; at < main.size && !map.isFull;) {
    const member = parseMember(await readNear(main, at, BLOCK_HEADER_BYTES, signal));
    if (member?.length === undefined || member.length < member.dataAt + TRAILER_BYTES) break;
    const size = readWord(await readNear(main, at + member.length - 4, 4, signal));
    if (size === undefined || size > MAX_MEMBER_CONTENT) break;
    if (size > 0) {
      map.add(at, size);
      starts.push(at + member.dataAt);
      lengths.push(member.length - member.dataAt);
    }
    at += member.length;
  }
  if (map.size === 0) throw damaged(main, 'its first block is cut off or damaged');
  return openBlockMap(main, map, (i) => ({
    offset: starts[i]!,
    length: lengths[i]!,
    size: map.sizeOf(i),
    coding: 'deflate',
    check: (content, stored) =>
      readWord(stored.subarray(-TRAILER_BYTES)) === crc32(content)
        ? undefined
        : 'Content does not have the sum that is stored',
  }));
}

async function openChunks(
  main: ByteSource,
  { dataAt }: Member,
  { chunkBytes, packed }: ChunkTable,
  signal: AbortSignal | undefined,
): Promise<ByteSource> {
  const end = packed.reduce((at, length) => at + length, dataAt);
  const trailer = await readExactly(main, Math.max(0, main.size - 4), 4, 'size of the content', signal);
  const size = readWord(trailer)!;
  const most = packed.length * chunkBytes;
  if (end > main.size || size > most || size <= most - chunkBytes)
    throw damaged(
      main,
      `its ${packed.length} chunks end at byte ${end} and hold ${size}, expected ${most} at most`,
    );
  const map = new BlockMap();
  let at = dataAt;
  for (const [i, length] of packed.entries()) {
    map.add(at, Math.min(chunkBytes, size - i * chunkBytes));
    at += length;
  }
  return openBlockMap(main, map, (i) => ({
    offset: map.offsets[i]!,
    length: packed[i]!,
    size: map.sizeOf(i),
    coding: decompressChunk,
  }));
}

const inflatePart = promisify<Uint8Array, object, Uint8Array>(inflateRaw);

/** Deflate up to a flush: it has no end of its own. */
const decompressChunk: Decompress = async (chunk, size) =>
  expectSize(await inflatePart(chunk, { maxOutputLength: size, finishFlush: constants.Z_SYNC_FLUSH }), size);

function readWord(bytes: Uint8Array): number | undefined {
  return bytes.length < 4 ? undefined : Buffer.from(bytes.subarray(0, 4)).readUInt32LE();
}

function damaged({ name }: ByteSource, fault: string): IsodriveError {
  return new IsodriveError(
    'damaged',
    `Cannot open "${name}": it begins as a gzip file of blocks, but ${fault}`,
    {
      at: { source: name, offset: 0 },
      action: 'Fetch the image again: it is damaged or cut off',
    },
  );
}
