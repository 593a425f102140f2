// How the kernel reads the metadata and the image: as the files that they are (Linux 6.12 and later), or as loop
// devices. The image is named by our descriptor of it, so that it is the file that was opened and checked, whatever has
// its path by now.
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
  readonly image: number;
}

/** Mounts. Rejects as mountByKernel does, or with the error of a loop device. */
export function mountErofs(addon: Addon, backing: Backing, files: ErofsFiles): Promise<void> {
  return backing === 'file' ? mountFiles(addon, files) : mountLoops(addon, files);
}

/** By mount(2): the program mount(8) would put a loop device in between. */
function mountFiles(addon: Addon, { directory, metadataPath, image }: ErofsFiles): Promise<void> {
  const options = [`device=/proc/self/fd/${image}`];
  return mountByKernel(addon, { source: metadataPath, directory, type: 'erofs', options });
}

async function mountLoops(addon: Addon, { directory, metadata, image }: ErofsFiles): Promise<void> {
  const loops: LoopDevice[] = [];
  try {
    for (const file of [metadata, image]) loops.push(await addon.attachLoop(file, 0));
    const [first, second] = loops;
    const options = [`device=${second!.path}`];
    await mountByKernel(addon, { source: first!.path, directory, type: 'erofs', options });
  } finally {
    for (const { descriptor } of loops) closeSync(descriptor);
  }
}
