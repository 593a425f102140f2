// The table of a check code that takes a byte a step, its highest bit first.

/** `width`: 8 or 16 bits. */
export function makeTable(width: 8 | 16, polynomial: number): Uint16Array {
  const [top, mask] = [1 << (width - 1), (1 << width) - 1];
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let value = byte << (width - 8);
    for (let bit = 0; bit < 8; bit += 1)
      value = ((value << 1) ^ ((value & top) === 0 ? 0 : polynomial)) & mask;
    return value;
  });
}
