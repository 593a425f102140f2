// Compares two images by sector: by their bytes where both are plain or no discs, by their discs otherwise.
import { IsodriveError } from '../../base/error.js';
import { openDisc } from '../../container/open-container.js';
import type { Disc } from '../../disc/disc.js';
import { volumeMarks } from '../../filesystem/choose/volume-marks.js';
import type { OpenedFiles } from '../../source/image-files.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { PassOptions } from '../verify/image-pass.js';
import { compareDiscs } from './compare-discs.js';
import { compareSectors } from './compare-sectors.js';

/** See compareSectors and compareDiscs. */
export async function compareImages(
  a: OpenedFiles,
  b: OpenedFiles,
  options: PassOptions,
): Promise<ByteRange[]> {
  const [one, other] = [await openIfDisc(a, options.signal), await openIfDisc(b, options.signal)];
  if (one === undefined || other === undefined || (one.isPlain && other.isPlain))
    return compareSectors(a.main, b.main, options);
  return compareDiscs(one.disc, other.disc, options);
}

interface OpenedIfDisc {
  readonly disc: Disc;
  /** The main file holds all of it as it is. */
  readonly isPlain: boolean;
}

/** Undefined for what is no disc. */
async function openIfDisc(
  files: OpenedFiles,
  signal: AbortSignal | undefined,
): Promise<OpenedIfDisc | undefined> {
  try {
    const { disc } = await openDisc(files, volumeMarks, signal);
    const { data, raw } = disc;
    const isPlain = raw === undefined && data.bases[0] === files.main && data.locate(0, data.size) === 0;
    return { disc, isPlain };
  } catch (thrown) {
    if (thrown instanceof IsodriveError && thrown.code !== 'cancelled') return undefined;
    throw thrown;
  }
}
