// Extended attributes as they stand in the index's blob; the format is told in layout.ts, ATTRIBUTE_HEADER_BYTES.
import { ATTRIBUTE_HEADER_BYTES } from './layout.js';

export function encodeAttributes(attributes: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const named = attributes.map(([name, value]) => [new TextEncoder().encode(name), value] as const);
  const size = named.reduce(
    (sum, [name, value]) => sum + ATTRIBUTE_HEADER_BYTES + name.length + value.length,
    4,
  );
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, named.length, true);
  let position = 4;
  for (const [name, value] of named) {
    view.setUint32(position, name.length, true);
    view.setUint32(position + 4, value.length, true);
    bytes.set(name, position + ATTRIBUTE_HEADER_BYTES);
    bytes.set(value, position + ATTRIBUTE_HEADER_BYTES + name.length);
    position += ATTRIBUTE_HEADER_BYTES + name.length + value.length;
  }
  return bytes;
}
