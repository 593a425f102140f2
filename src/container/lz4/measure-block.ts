// How much a block of LZ4 holds, without decoding it.

/** Bytes of the content of a bare block of LZ4, by its lengths alone; at most `most`, and 0 where it is damaged. */
export function measureBlock(block: Uint8Array, most: number): number {
  let size = 0;
  for (let at = 0; at < block.length && size <= most;) {
    const token = block[at]!;
    at += 1;
    const readLength = (start: number): number => {
      let length = start;
      for (let byte = 255; start === 15 && byte === 255 && at < block.length; at += 1) {
        byte = block[at]!;
        length += byte;
      }
      return length;
    };
    const literals = readLength(token >> 4);
    size += literals;
    at += literals;
    if (at >= block.length) return at === block.length && size <= most ? size : 0;
    at += 2;
    size += readLength(token & 15) + 4;
  }
  return 0;
}
