// How far an image is proven by the sum that implantisomd5 hides, and where it is wrong first: reads from the start as
// far as it is asked, once. Each fragment has 60 bits divided by their number, 12 as a rule, and the sum of what lies
// before it in it, so that behind the first wrong one nothing can be told.
import type { ByteSource } from '../../source/byte-source.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { tryToRead } from '../create/medium-fault.js';
import { ImplantedMd5, readImplantedSum } from '../verify/implanted-md5.js';

const CHUNK_BYTES = 1_048_576;

export class ImagePrefix {
  readonly #source: ByteSource;
  readonly #sum: ImplantedMd5;
  readonly #buffer = new Uint8Array(CHUNK_BYTES);
  #position = 0;
  #isStuck = false;
  #work: Promise<void> = Promise.resolve();

  private constructor(source: ByteSource, sum: ImplantedMd5) {
    this.#source = source;
    this.#sum = sum;
  }

  /** Undefined where the image has no sum with fragments. Rejects as ByteSource.read does. */
  static async find(source: ByteSource, signal?: AbortSignal): Promise<ImagePrefix | undefined> {
    const sum = await readImplantedSum(source, signal);
    if (sum === undefined || sum.fragmentCount === 0) return undefined;
    return new ImagePrefix(source, new ImplantedMd5(sum));
  }

  /** Bytes that the sum covers. */
  get end(): number {
    return this.#sum.end;
  }

  /** Bytes from the start that are known to be right, and the first fragment that is wrong, once `end` was reached. */
  async readTo(end: number): Promise<{ good: number; bad: ByteRange | undefined }> {
    // One reader at a time; whoever comes later mostly finds the work done.
    const work = this.#work.then(() => this.#readOn(end));
    this.#work = work.catch(() => undefined);
    await work;
    return { good: this.#sum.proven, bad: this.#sum.firstBad };
  }

  async #readOn(end: number): Promise<void> {
    const isDone = (): boolean =>
      this.#sum.proven >= end || this.#sum.firstBad !== undefined || this.#isStuck;
    while (!isDone() && this.#position < this.#sum.end) {
      const bytes = this.#buffer.subarray(0, Math.min(CHUNK_BYTES, this.#sum.end - this.#position));
      if (await tryToRead(this.#source, bytes, this.#position, undefined)) this.#sum.update(bytes);
      else this.#isStuck = true;
      this.#position += bytes.length;
    }
  }
}
