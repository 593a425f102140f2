// Looks at where the files of a view lie: whether the image and the volume hold them all, and whether any share bytes
// that they should not share.
import { countBytes } from '../../../base/byte-count.js';
import type { Finding } from '../../../base/finding.js';
import type { CheckedView } from './collect-files.js';
import { PlaceList } from './place-list.js';

/** Overlaps that are told one by one. */
export const MAX_OVERLAPS = 16;

type Report = (finding: Finding) => void;

/** `isTold`: that its files end behind the image has been told of another view. */
export function checkPlaces(view: CheckedView, report: Report, isTold = false): void {
  const places = new PlaceList();
  for (const { runs } of view.files) places.add(runs);
  checkEnd(view, places, isTold ? () => undefined : report);
  checkOverlaps(view, places, report);
}

/** What the volume descriptor says of its size is often wrong; where the last file ends is what counts. */
function checkEnd({ image }: CheckedView, places: PlaceList, report: Report): void {
  const { source, volume, tree } = image;
  const end = places.lastEnd;
  const volumeEnd = (volume.start ?? 0) + volume.size;
  const at = { source: source.name, offset: source.size };
  if (end > source.size) {
    report({
      code: 'truncated-files',
      severity: 'damage',
      message: `Files of the ${tree.kind} tree reach to byte ${end}, image ends at byte ${source.size}`,
      at,
    });
  } else if (end > volumeEnd && (image.session?.start ?? 0) === 0) {
    report({
      code: 'volume-too-small',
      severity: 'note',
      message: `Files reach to byte ${end}, volume says it has ${countBytes(volume.size)}: they are read all the same`,
      at: { ...at, offset: volumeEnd },
    });
  }
}

/** Two files with the same bytes are one file with two names, or a writer that stores what is equal once. */
function checkOverlaps({ image, files }: CheckedView, places: PlaceList, report: Report): void {
  const { index, source } = image;
  let count = 0;
  let widest: number | undefined;
  for (const place of places.inOrder()) {
    const isShared =
      widest !== undefined &&
      places.offset(place) < places.end(widest) &&
      !isSame(places, place, widest) &&
      places.file(place) !== places.file(widest);
    if (isShared && (count += 1) <= MAX_OVERLAPS) {
      const [one, other] = [widest!, place].map((shared) => index.path(files[places.file(shared)]!.row));
      report({
        code: 'overlapping-files',
        severity: 'warning',
        message: `Files "${one}" and "${other}" share some of their bytes`,
        at: { source: source.name, offset: places.offset(place) },
      });
    }
    if (widest === undefined || places.end(place) > places.end(widest)) widest = place;
  }
  if (count <= MAX_OVERLAPS) return;
  report({
    code: 'overlapping-files',
    severity: 'warning',
    message: `${count - MAX_OVERLAPS} more files share some of their bytes with others`,
    at: { source: source.name },
  });
}

function isSame(places: PlaceList, a: number, b: number): boolean {
  return places.offset(a) === places.offset(b) && places.end(a) === places.end(b);
}
