// Images packed by xz, pixz or alike in several blocks, which the index of each stream tells.
import { IsodriveError } from '../../base/error.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost, readExactly } from '../../source/read-fully.js';
import type { Filter } from '../format.js';
import { mostPackedBytes } from '../packed/block-image.js';
import { MAX_BLOCK_CONTENT, MAX_BLOCKS, BlockMap, openBlockMap } from '../packed/block-map.js';
import { refuseUnseekable } from '../packed/refuse.js';
import { checkKindOf, FRAME_BYTES, isStreamHeader, parseFooter, parseIndex } from './parse.js';
import type { IndexRecord } from './parse.js';

/** Streams of one file, and bytes of zeros between two of them and of an index. */
const MAX_STREAMS = 4096;
const MAX_PADDING = 65_536;
const MAX_INDEX_BYTES = 16 * 1024 * 1024;

interface Stream {
  /** Of its first block. */
  readonly offset: number;
  readonly check: number;
  readonly records: readonly IndexRecord[];
}

export const xzFormat: Filter = {
  kind: 'filter',
  name: 'xz',
  title: 'an xz file of several blocks',

  async probe({ main }, _marks, signal) {
    return isStreamHeader(await readAtMost(main, 0, FRAME_BYTES, signal)) ? 3 : 0;
  },

  async open({ main }, signal) {
    const streams = await readStreams(main, signal);
    const map = new BlockMap();
    const lengths: number[] = [];
    const checks: number[] = [];
    for (const { offset, check, records } of streams) {
      let at = offset;
      for (const { unpadded, size } of records) {
        const stored = paddedBytes(unpadded);
        if (size > 0) {
          map.add(at, size);
          lengths.push(stored);
          checks.push(check);
        }
        at += stored;
      }
    }
    if (map.size === 0) throw damaged(main, 'it holds nothing');
    const { decompressXzBlock } = await import('../../codec/xz.js');
    await refuseOthers(main, map, signal);
    return openBlockMap(main, map, (i) => ({
      offset: map.offsets[i]!,
      // Packed, a block may be a little longer than its content; a longer one is damaged.
      length: Math.min(lengths[i]!, mostPackedBytes(map.sizeOf(i)) + 4096),
      size: map.sizeOf(i),
      coding: decompressXzBlock(checks[i]!),
    }));
  },
};

async function refuseOthers(main: ByteSource, map: BlockMap, signal: AbortSignal | undefined): Promise<void> {
  if (map.largest > MAX_BLOCK_CONTENT) {
    const what = map.offsets.length === 1 ? 'an xz file of one block' : 'an xz file of very large blocks';
    throw refuseUnseekable(main, what, 'xz -dc', 'xz --block-size=1MiB', 'xz');
  }
  const header = await readAtMost(main, map.offsets[0]!, 1024, signal);
  const { hasOtherFilters } = await import('../../codec/xz.js');
  if (header.length < 32 || !hasOtherFilters(header)) return;
  throw new IsodriveError(
    'unsupported',
    `Cannot open "${main.name}": it is an xz file with filters beside LZMA2`,
    {
      at: { source: main.name, offset: map.offsets[0]! },
      action: `Unpack it, or pack it again with LZMA2 alone`,
    },
  );
}

/** 3.3 Block Padding: to a multiple of four bytes. */
function paddedBytes(unpadded: number): number {
  return Math.ceil(unpadded / 4) * 4;
}

/** From the last to the first, and given in order. */
async function readStreams(main: ByteSource, signal: AbortSignal | undefined): Promise<Stream[]> {
  const streams: Stream[] = [];
  let blocks = 0;
  for (let end = main.size; end > 0;) {
    end = await skipPadding(main, end, signal);
    const footer = await readExactly(
      main,
      Math.max(0, end - FRAME_BYTES),
      FRAME_BYTES,
      'footer of .xz',
      signal,
    );
    const indexBytes = parseFooter(footer);
    const indexAt = end - FRAME_BYTES - (indexBytes ?? 0);
    if (indexBytes === undefined) throw damaged(main, `no footer ends at byte ${end}`, end - FRAME_BYTES);
    if (indexAt < FRAME_BYTES || indexBytes > MAX_INDEX_BYTES)
      throw damaged(main, `its index would begin at byte ${indexAt}`, end - FRAME_BYTES);
    const index = await readExactly(main, indexAt, indexBytes, 'index of .xz', signal);
    const records = parseIndex(index, MAX_BLOCKS - blocks);
    if (records === undefined) throw damaged(main, 'its index is damaged or too large', indexAt);
    blocks += records.length;
    const total = records.reduce((sum, { unpadded }) => sum + paddedBytes(unpadded), 0);
    const start = indexAt - total - FRAME_BYTES;
    const header = start < 0 ? new Uint8Array() : await readAtMost(main, start, FRAME_BYTES, signal);
    if (!isStreamHeader(header)) throw damaged(main, `no stream begins where its index says`, indexAt);
    streams.push({ offset: start + FRAME_BYTES, check: checkKindOf(header), records });
    if (streams.length > MAX_STREAMS) throw damaged(main, `it has more than ${MAX_STREAMS} streams`);
    end = start;
  }
  return streams.reverse();
}

/** 2.2 Stream Padding: zeros, four at a time. */
async function skipPadding(main: ByteSource, end: number, signal: AbortSignal | undefined): Promise<number> {
  const start = Math.max(0, end - 4096);
  for (let from = start; end - from <= MAX_PADDING && from >= 0; from -= 4096) {
    const bytes = await readAtMost(main, from, Math.min(4096, end - from), signal);
    const last = bytes.findLastIndex((byte) => byte !== 0);
    if (last >= 0) return end - Math.floor((end - from - last - 1) / 4) * 4;
  }
  throw damaged(main, `it ends in more than ${MAX_PADDING} zeros`, start);
}

function damaged({ name }: ByteSource, fault: string, offset = 0): IsodriveError {
  return new IsodriveError('damaged', `Cannot open "${name}": it begins as an xz file, but ${fault}`, {
    at: { source: name, offset },
    action: 'Fetch the image again: it is damaged or cut off',
  });
}
