// An image as pages, of which only those that hold something take memory. A changed copy shares all pages that it does
// not change, so that an image of many megabytes costs an execution no more than a small one.

/** Bytes of a page; changes of a whole sector touch one or two. */
const PAGE_BYTES = 2048;
const ZEROS = new Uint8Array(PAGE_BYTES);

/** A file of an image that has several: they lie one behind the other. */
export interface StoredFile {
  readonly name: string;
  /** First byte in the image. */
  readonly start: number;
  readonly size: number;
}

/** What threads share of an image: its pages that are not all zeros, in order. */
export interface StoredImage {
  readonly name: string;
  /** The first is the one that is opened; absent where the image is one file. */
  readonly files?: readonly StoredFile[];
  /** Bytes, those of zeros included. */
  readonly size: number;
  readonly numbers: Uint32Array;
  readonly pages: Uint8Array;
}

/** Takes a copy, in memory that threads share. */
export function storeImage(name: string, bytes: Uint8Array): StoredImage {
  const numbers: number[] = [];
  for (let number = 0; number * PAGE_BYTES < bytes.length; number += 1) {
    const page = bytes.subarray(number * PAGE_BYTES, (number + 1) * PAGE_BYTES);
    if (Buffer.compare(page, ZEROS.subarray(0, page.length)) !== 0) numbers.push(number);
  }
  const shared = new Uint32Array(new SharedArrayBuffer(numbers.length * 4));
  shared.set(numbers);
  const pages = new Uint8Array(new SharedArrayBuffer(numbers.length * PAGE_BYTES));
  numbers.forEach((number, i) => {
    pages.set(bytes.subarray(number * PAGE_BYTES, (number + 1) * PAGE_BYTES), i * PAGE_BYTES);
  });
  return { name, size: bytes.length, numbers: shared, pages };
}

export class PagedImage {
  #size: number;
  readonly #base: ReadonlyMap<number, Uint8Array>;
  /** Pages that differ from the base. */
  readonly #changed: Map<number, Uint8Array>;
  /** Those of them that are not shared with another copy. */
  readonly #owned = new Set<number>();

  private constructor(
    size: number,
    base: ReadonlyMap<number, Uint8Array>,
    changed: Map<number, Uint8Array> = new Map<number, Uint8Array>(),
  ) {
    this.#size = size;
    this.#base = base;
    this.#changed = changed;
  }

  static open({ size, numbers, pages }: StoredImage): PagedImage {
    const base = new Map<number, Uint8Array>();
    numbers.forEach((number, i) => {
      base.set(number, pages.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
    });
    return new PagedImage(size, base);
  }

  static from(bytes: Uint8Array): PagedImage {
    return PagedImage.open(storeImage('', bytes));
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the pages that it does not share with what it was made from. */
  get ownBytes(): number {
    return this.#owned.size * PAGE_BYTES;
  }

  /** A copy to be changed; this one must stay as it is from now on. */
  copy(): PagedImage {
    return new PagedImage(this.#size, this.#base, new Map(this.#changed));
  }

  /** Fills `target` from byte `position` on; gives the number of bytes, fewer where the image ends. */
  read(target: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(target.length, this.#size - position));
    for (let done = 0; done < length;) {
      const at = position + done;
      const within = at % PAGE_BYTES;
      const part = Math.min(PAGE_BYTES - within, length - done);
      const page = this.#find((at - within) / PAGE_BYTES);
      if (page === undefined) target.fill(0, done, done + part);
      else target.set(page.subarray(within, within + part), done);
      done += part;
    }
    return length;
  }

  /** A copy of so many bytes, fewer where the image ends. */
  slice(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - position)));
    this.read(bytes, position);
    return bytes;
  }

  /** Overwrites bytes; what would lie behind the end is left out. */
  write(position: number, bytes: Uint8Array): void {
    const length = Math.min(bytes.length, this.#size - position);
    for (let done = 0; done < length;) {
      const at = position + done;
      const within = at % PAGE_BYTES;
      const part = Math.min(PAGE_BYTES - within, length - done);
      this.#own((at - within) / PAGE_BYTES).set(bytes.subarray(done, done + part), within);
      done += part;
    }
  }

  cut(size: number): void {
    this.#size = Math.min(this.#size, size);
  }

  toBytes(): Uint8Array {
    return this.slice(0, this.#size);
  }

  #find(number: number): Uint8Array | undefined {
    return this.#changed.get(number) ?? this.#base.get(number);
  }

  #own(number: number): Uint8Array {
    let page = this.#find(number);
    if (page !== undefined && this.#owned.has(number)) return page;
    page = page === undefined ? new Uint8Array(PAGE_BYTES) : new Uint8Array(page);
    this.#changed.set(number, page);
    this.#owned.add(number);
    return page;
  }
}
