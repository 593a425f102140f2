// Where the disc's data lies in the files of its image, as one space of blocks: that of the first file, then that of
// the next, each from a whole block on. EROFS calls each file a device.
import { filesOf } from '../../disc/native-plan.js';
import type { PlanStream } from '../../disc/plan-stream.js';
import { findSegment, isRun } from '../../disc/read-plan.js';
import type { Segments } from '../../disc/read-plan.js';

/** A file of the image. */
interface PlacedFile {
  /** First block of the space that is this file's. */
  readonly block: number;
  /** Blocks, the last of which the file may end within. */
  readonly blocks: number;
  /** Byte of the space behind the last whole block: the kernel gives EIO for one that the file ends within. */
  readonly wholeEnd: number;
}

/** Some bytes of the disc that follow each other in one file. */
export interface PlacedBytes {
  /** Byte in the space. */
  readonly offset: number;
  readonly length: number;
  /** Number of the file. */
  readonly file: number;
}

export class PlacedImage {
  /** For messages. */
  readonly name: string;
  readonly blockSize: number;
  readonly files: readonly PlacedFile[];
  /** Blocks of all files. */
  readonly blocks: number;
  /** Bytes of all files. */
  readonly bytes: number;
  readonly #segments: Segments;

  /** `data`: of which a kernel can read all in the image's files (kernelFiles). */
  constructor(data: PlanStream, blockSize: number) {
    const { segments, bases } = filesOf(data);
    let block = 0;
    this.files = bases.map(({ size }) => {
      const start = block;
      block += Math.ceil(size / blockSize);
      const wholeEnd = (start + Math.floor(size / blockSize)) * blockSize;
      return { block: start, blocks: block - start, wholeEnd };
    });
    this.name = data.name;
    this.blockSize = blockSize;
    this.blocks = block;
    this.bytes = bases.reduce((sum, { size }) => sum + size, 0);
    this.#segments = segments;
  }

  /** Where some bytes of the disc lie, in their order; undefined where the image does not hold all of them. */
  locate(position: number, length: number): readonly PlacedBytes[] | undefined {
    const found: PlacedBytes[] = [];
    const end = position + length;
    for (let at = position; at < end;) {
      const segment = this.#segments[findSegment(this.#segments, at)];
      if (segment?.kind !== 'bytes' || segment.start > at || !isRun(segment)) return undefined;
      const stop = Math.min(end, segment.start + segment.length);
      const start = this.files[segment.base]!.block * this.blockSize;
      const offset = start + segment.offset + at - segment.start;
      found.push({ offset, length: stop - at, file: segment.base });
      at = stop;
    }
    return found;
  }

  /** Whether bytes lie in whole blocks, as the kernel reads them. */
  isWhole({ offset, length, file }: PlacedBytes): boolean {
    return offset % this.blockSize === 0 && offset + length <= this.files[file]!.wholeEnd;
  }
}
