// Looks at where the files of a view lie: whether the image and the volume hold them all, and whether any share bytes
// that they should not share.
import { countBytes } from '../../../base/byte-count.js';
import type { Finding } from '../../../base/finding.js';
import type { CheckedFile, CheckedView } from './collect-files.js';

/** Overlaps that are told one by one. */
export const MAX_OVERLAPS = 16;

interface Place {
  readonly offset: number;
  readonly end: number;
  readonly file: CheckedFile;
}

type Report = (finding: Finding) => void;

/** `isTold`: that its files end behind the image has been told of another view. */
export function checkPlaces(view: CheckedView, report: Report, isTold = false): void {
  const places = view.files.flatMap((file) =>
    file.runs.map(({ offset, length }): Place => ({ offset, end: offset + length, file })),
  );
  checkEnd(view, places, isTold ? () => undefined : report);
  checkOverlaps(view, places, report);
}

/** What the volume descriptor says of its size is often wrong; where the last file ends is what counts. */
function checkEnd({ image }: CheckedView, places: readonly Place[], report: Report): void {
  const { source, volume, tree } = image;
  const end = places.reduce((most, place) => Math.max(most, place.end), 0);
  const at = { source: source.name, offset: source.size };
  if (end > source.size) {
    report({
      code: 'truncated-files',
      severity: 'damage',
      message: `Files of the ${tree.kind} tree reach to byte ${end}, image ends at byte ${source.size}`,
      at,
    });
  } else if (end > volume.size && (image.session?.start ?? 0) === 0) {
    report({
      code: 'volume-too-small',
      severity: 'note',
      message: `Files reach to byte ${end}, volume says it has ${countBytes(volume.size)}: they are read all the same`,
      at: { ...at, offset: volume.size },
    });
  }
}

/** Two files with the same bytes are one file with two names, or a writer that stores what is equal once. */
function checkOverlaps({ image }: CheckedView, places: Place[], report: Report): void {
  const { index, source } = image;
  places.sort((a, b) => a.offset - b.offset || b.end - a.end);
  let count = 0;
  let widest: Place | undefined;
  for (const place of places) {
    const isShared =
      widest !== undefined &&
      place.offset < widest.end &&
      place.file !== widest.file &&
      !isSame(place, widest);
    if (isShared && (count += 1) <= MAX_OVERLAPS) {
      report({
        code: 'overlapping-files',
        severity: 'warning',
        message: `Files "${index.path(widest!.file.row)}" and "${index.path(place.file.row)}" share some of their bytes`,
        at: { source: source.name, offset: place.offset },
      });
    }
    if (widest === undefined || place.end > widest.end) widest = place;
  }
  if (count <= MAX_OVERLAPS) return;
  report({
    code: 'overlapping-files',
    severity: 'warning',
    message: `${count - MAX_OVERLAPS} more files share some of their bytes with others`,
    at: { source: source.name },
  });
}

function isSame(a: Place, b: Place): boolean {
  return a.offset === b.offset && a.end === b.end;
}
