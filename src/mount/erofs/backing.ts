// How the kernel reads the metadata and the image: as the files that they are (Linux 6.12 and later), or as loop
// devices. The image's files are named by our descriptors of them, so that they are those that were opened and checked,
// whatever has their paths by now.
import { closeSync } from 'node:fs';
import type { Addon, LoopDevice } from '../../../native/index.js';
import { mountByKernel } from '../mount-call.js';

export const BACKINGS = ['file', 'loop'] as const;
export type Backing = (typeof BACKINGS)[number];

export interface ErofsFiles {
  readonly directory: string;
  readonly metadataPath: string;
  /** Open descriptors, which the mount needs no more once it is made. */
  readonly metadata: number;
  /** The image's, in the order of their device slots. */
  readonly images: readonly number[];
}

/** Mounts. Rejects as mountByKernel does, or with the error of a loop device. */
export function mountErofs(addon: Addon, backing: Backing, files: ErofsFiles): Promise<void> {
  return backing === 'file' ? mountFiles(addon, files) : mountLoops(addon, files);
}

/** By mount(2): the program mount(8) would put a loop device in between. */
function mountFiles(addon: Addon, { directory, metadataPath, images }: ErofsFiles): Promise<void> {
  const options = images.map((image) => `device=/proc/self/fd/${image}`);
  return mountByKernel(addon, { source: metadataPath, directory, type: 'erofs', options });
}

async function mountLoops(addon: Addon, { directory, metadata, images }: ErofsFiles): Promise<void> {
  const loops: LoopDevice[] = [];
  try {
    for (const file of [metadata, ...images]) loops.push(await addon.attachLoop(file, 0));
    const [first, ...devices] = loops;
    const options = devices.map(({ path }) => `device=${path}`);
    await mountByKernel(addon, { source: first!.path, directory, type: 'erofs', options });
  } finally {
    for (const { descriptor } of loops) closeSync(descriptor);
  }
}
