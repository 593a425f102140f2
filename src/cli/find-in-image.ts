// The place in an image that a command line names: exactly so, or as listings show it, with escapes.
import { toIsodriveError } from '../base/error.js';
import type { DiscIndex } from '../index/disc-index.js';
import { unescapeText } from '../base/display-name.js';

/**
 * Row of the path; a name that is there as written comes before one that it is an escaped form of. Rejects as
 * DiscIndex.resolve
 * does.
 */
export async function findInImage(index: DiscIndex, path: string): Promise<number> {
  try {
    return await index.resolve(path);
  } catch (thrown) {
    const plain = unescapeText(path);
    if (plain === path || toIsodriveError(thrown).code !== 'not-in-image') throw thrown;
    return await index.resolve(plain).catch(() => Promise.reject(thrown as Error));
  }
}
