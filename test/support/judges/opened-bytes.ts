// Opens an image that a test holds in memory, and lists it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openImage } from '../../../src/image/open-image.js';
import type { OpenImageOptions, OpenedImage } from '../../../src/image/open-image.js';
import { listImage } from './index-manifest.js';
import type { ManifestEntry } from './manifest.js';

/** Opens the bytes as a file of their own, which is gone once the image is open. Rejects as openImage does. */
export async function openBytes(bytes: Uint8Array, options: OpenImageOptions = {}): Promise<OpenedImage> {
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-bytes-'));
  try {
    const path = join(folder, 'image.iso');
    await writeFile(path, bytes);
    return await openImage(path, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every entry by path, and the codes of all findings. */
export async function readAll(
  image: OpenedImage,
): Promise<{ entries: Map<string, ManifestEntry>; codes: string[] }> {
  const entries = await listImage(image, { hashLimit: 16 * 1024 * 1024 });
  return {
    entries: new Map(entries.map((entry) => [entry.path, entry])),
    codes: image.findings.findings.map(({ code }) => code),
  };
}
