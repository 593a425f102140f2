// The images that are changed: those of given folders, unpacked, with the places that a reader looks at.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from './execute.js';
import { MemorySource } from './memory-source.js';
import type { Region } from './mutate.js';

/** Bytes of an image, unpacked: larger ones spend the time on copying. */
export const MAX_IMAGE_BYTES = 1_048_576;
/** Bytes of a packed image that is worth unpacking. */
const MAX_PACKED_BYTES = 262_144;
/** Longest run of one read that is taken for structure; longer ones are file content. */
const MAX_REGION = 65_536;
const MAX_REGIONS = 512;

export interface Base {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly regions: readonly Region[];
}

/** Images of the folders (their own files only) that are small enough, in the order of their names. */
export function readImages(folders: readonly string[]): { name: string; bytes: Uint8Array }[] {
  const images: { name: string; bytes: Uint8Array }[] = [];
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      const facts = statSync(path);
      if (!facts.isFile()) continue;
      const packed = name.endsWith('.xz');
      if (facts.size > (packed ? MAX_PACKED_BYTES : MAX_IMAGE_BYTES)) continue;
      const bytes = packed ? unpack(path) : new Uint8Array(readFileSync(path));
      if (bytes !== undefined && bytes.length > 2048 && bytes.length <= MAX_IMAGE_BYTES)
        images.push({ name, bytes });
    }
  }
  return images;
}

/** Undefined when it is too large. */
function unpack(path: string): Uint8Array | undefined {
  try {
    const options = {
      maxBuffer: MAX_IMAGE_BYTES + 1,
      stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'],
    };
    return new Uint8Array(execFileSync('xz', ['-dc', path], options));
  } catch {
    return undefined;
  }
}

/** Finds out where a reader looks. Rejects when even the unchanged image shows a defect. */
export async function prepareBase(name: string, bytes: Uint8Array): Promise<Base> {
  const source = new MemorySource(name, bytes);
  const regions = new Map<number, Region>();
  source.onRead = (start, length) => {
    if (length === 0 || length > MAX_REGION || regions.size >= MAX_REGIONS) return;
    if ((regions.get(start)?.length ?? 0) < length) regions.set(start, { start, length });
  };
  await execute(source);
  const found = [...regions.values()];
  return { name, bytes, regions: found.length > 0 ? found : [{ start: 0, length: bytes.length }] };
}
