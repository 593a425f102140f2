// Of how many files an image is.
import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hostPath } from '../base/path-text.js';
import { secondPartOf } from '../container/split/part-names.js';
import type { OpenImageOptions } from './open-image.js';

/** At least 1. The image is opened only where its name says that there may be more; rejects as openImage then. */
export async function countFiles(path: string, options: OpenImageOptions): Promise<number> {
  const second = secondPartOf(basename(path));
  if (second === undefined || !(await isThere(join(dirname(path), second)))) return 1;
  // Only here: its parsers take longer to load than all else.
  const { openImage } = await import('./open-image.js');
  await using opened = await openImage(path, options);
  return opened.streams.native?.descriptors.length ?? 1;
}

function isThere(path: string): Promise<boolean> {
  return access(hostPath(path)).then(
    () => true,
    () => false,
  );
}
