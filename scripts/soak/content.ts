// Content that can be computed: each byte of a file follows from the file's key and the byte's place, so that a reader
// needs no copy of the file to know whether it is right. reader.cc computes the same.

const STEP = 0x9e3779b1;
/** Bits that vary: with two of eight left out, the content can be compressed. */
const VARYING = 0x3f3f3f3f;

/** The first bytes of the file of a key (32 bits). */
export function makeContent(key: number, size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i += 1) words[i] = contentWord(key, i);
  return new Uint8Array(words.buffer, 0, size);
}

/** The word of four bytes, little-endian, at byte 4 * `index`; the finalizer of MurmurHash3. */
function contentWord(key: number, index: number): number {
  let word = (key + Math.imul(index, STEP)) >>> 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return ((word ^ (word >>> 16)) & VARYING) >>> 0;
}
