// What of the files no checksum speaks for: a verification that found nothing wrong may have had little to go by.
import { RescueMap } from '../../source/rescue-map/rescue-map.js';
import type { Check } from './check.js';
import type { Evidence, VerifyContext } from './evidence.js';
import { ImplantedMd5 } from './implanted-md5.js';
import { RangeHash } from './range-hash.js';

/** Paths that are named. */
const MAX_PATHS = 20;

/** `agreed`: evidence that had nothing against the image; `isWhole`: there is such of all its tracks. */
export function describeCoverage(
  { image, extents }: VerifyContext,
  agreed: readonly Evidence[],
  isWhole: boolean,
): Check[] {
  const proven = new RescueMap(image.source.size);
  const rows = new Set<number>();
  const ranges = agreed
    .flatMap(({ consumers }) => consumers)
    .filter((consumer) => consumer instanceof RangeHash || consumer instanceof ImplantedMd5)
    .sort((a, b) => a.start - b.start);
  for (const { start, end } of ranges) proven.mark(start, end - start, '+');
  for (const { row } of agreed) if (row !== undefined) rows.add(row);
  const { files } = extents.runs;
  const bare = new Set<number>();
  for (const { row, start, end } of isWhole ? [] : extents.runs) {
    if (!rows.has(row) && !proven.isRescued(start, end - start)) bare.add(row);
  }
  if (files.size === 0) return [];
  const base = { kind: 'coverage', evidence: 'checksums', subject: 'files' } as const;
  if (bare.size === 0)
    return [{ ...base, status: 'ok', detail: `all ${files.size} files are under one that agrees` }];
  // Where there is no checksum at all, names say nothing.
  const paths = Array.from(bare.size === files.size ? [] : bare)
    .slice(0, MAX_PATHS)
    .map((row) => image.index.path(row))
    .sort();
  const detail = `${bare.size} of ${files.size} files are under none that agrees`;
  return [{ ...base, status: 'unchecked', detail, files: paths }];
}
