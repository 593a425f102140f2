// What the map of an image says is lost, and which files that takes, for `info`.
import { countBytes } from '../../base/byte-count.js';
import { ExtentMap } from '../../image/extent-map.js';
import type { OpenedImage } from '../../image/open-image.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { escapeText } from '../../base/display-name.js';

/** Lines for people; --json has all. */
const MAX_LINES = 50;

/** The fields are a contract of `info --json`. */
export interface DamageDescription {
  /** Bytes of the image that could not be read when it was made. */
  readonly bytes: number;
  readonly ranges: readonly ByteRange[];
  /** Paths from "/", and the bytes of each file that are lost. */
  readonly files: readonly { readonly path: string; readonly ranges: readonly ByteRange[] }[];
}

/** Undefined for an image that was read whole. Loads the whole index; rejects with `cancelled` on abort. */
export async function describeDamage(
  image: OpenedImage,
  signal?: AbortSignal,
): Promise<DamageDescription | undefined> {
  if (image.damage === undefined) return undefined;
  const ranges = image.damage.missing(image.source.size);
  const extents = await ExtentMap.load(image, signal);
  const files = extents.filesIn(ranges).map((file) => ({ path: file.path, ranges: file.ranges }));
  return { bytes: sumBytes(ranges), ranges, files };
}

/** Lines, without the end of the last; safe for a terminal. */
export function formatDamage({ bytes, ranges, files }: DamageDescription): string {
  const lines = [
    `Damage:       ${countBytes(bytes)} in ${ranges.length === 1 ? 'one place' : `${ranges.length} places`} could not be read`,
    ...files
      .slice(0, MAX_LINES)
      .map((file) => `              ${escapeText(file.path)}: ${describeRanges(file.ranges)}`),
  ];
  if (files.length > MAX_LINES) lines.push(`              ${files.length - MAX_LINES} more files`);
  return lines.join('\n');
}

function describeRanges(ranges: readonly ByteRange[]): string {
  return `${countBytes(sumBytes(ranges))}, the first at byte ${ranges[0]!.position}`;
}

function sumBytes(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { size }) => sum + size, 0);
}
