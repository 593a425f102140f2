// Compares two views of one disc: the same name with other bytes, and the same bytes with another size.
import { countBytes } from '../../../base/byte-count.js';
import { createHash } from 'node:crypto';
import type { Finding } from '../../../base/finding.js';
import { toIsodriveError } from '../../../base/error.js';
import type { OpenedImage } from '../../../image/open-image.js';
import { openFile } from '../../../image/file-content.js';
import { placeOf } from './collect-files.js';
import type { CheckedFile, CheckedView } from './collect-files.js';

/** Differences that are told one by one. */
export const MAX_DIFFERENCES = 16;
/** Bytes of a file that are compared when the views have it at two places; a difference shows early. */
const COMPARED_BYTES = 1_048_576;
/** Files that are compared so. */
const MAX_COMPARED_FILES = 4096;

type Report = (finding: Finding) => void;

/** Rejects with `cancelled`; a file that cannot be read is not compared. */
export async function compareViews(
  first: CheckedView,
  second: CheckedView,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = `${first.image.tree.kind} and ${second.image.tree.kind}`;
  const byPlace = new Map(first.files.map((file) => [placeOf(file), file]));
  const byPath = new Map(first.files.map((file) => [first.image.index.path(file.row), file]));
  const { name: source } = first.image.source;
  let count = 0;
  let compared = 0;
  const differ = (path: string, what: string, file: CheckedFile): void => {
    if ((count += 1) > MAX_DIFFERENCES) return;
    const at = { source, offset: placeOf(file) };
    report({
      code: 'trees-disagree',
      severity: 'warning',
      message: `Trees ${names} disagree on "${path}": ${what}`,
      at,
    });
  };
  for (const file of second.files) {
    const path = second.image.index.path(file.row);
    const twin = byPlace.get(placeOf(file));
    if (twin !== undefined) {
      if (!haveEqualSize(twin, file)) differ(path, `it has ${twin.size} and ${countBytes(file.size)}`, file);
      continue;
    }
    const namesake = byPath.get(path);
    if (namesake === undefined) continue;
    if (namesake.size !== file.size) {
      differ(path, `it has ${namesake.size} and ${countBytes(file.size)}`, file);
    } else if ((compared += 1) <= MAX_COMPARED_FILES) {
      const isEqual = await haveEqualContent([first.image, namesake], [second.image, file], signal);
      if (!isEqual) differ(path, 'its content differs', file);
    }
  }
  reportMore(count, names, source, report);
  reportLack(first, second, report);
}

/** One view may show the content of a compressed file, the other its stored bytes: those are the same then. */
function haveEqualSize(first: CheckedFile, second: CheckedFile): boolean {
  if (first.size === second.size) return true;
  return (first.isCoded || second.isCoded) && storedBytes(first) === storedBytes(second);
}

function storedBytes({ runs }: CheckedFile): number {
  let bytes = 0;
  for (const { length } of runs) bytes += length;
  return bytes;
}

async function haveEqualContent(
  first: [OpenedImage, CheckedFile],
  second: [OpenedImage, CheckedFile],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const digests = [];
    for (const [image, file] of [first, second]) {
      const bytes = new Uint8Array(Math.min(file.size, COMPARED_BYTES));
      await openFile(image, file.row).read(bytes, 0, signal);
      digests.push(createHash('sha256').update(bytes).digest('hex'));
    }
    return digests[0] === digests[1];
  } catch (thrown) {
    if (toIsodriveError(thrown).code === 'cancelled') throw thrown;
    return true;
  }
}

function reportMore(count: number, names: string, source: string, report: Report): void {
  if (count <= MAX_DIFFERENCES) return;
  report({
    code: 'trees-disagree',
    severity: 'warning',
    message: `Trees ${names} disagree on ${count - MAX_DIFFERENCES} more files`,
    at: { source },
  });
}

/** Files whose bytes only one of the views shows. */
function reportLack(first: CheckedView, second: CheckedView, report: Report): void {
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const places = new Set(other.files.map(placeOf));
    const count = one.files.filter((file) => !places.has(placeOf(file))).length;
    if (count === 0) continue;
    report({
      code: 'tree-lacks-files',
      severity: 'note',
      message: `${count} files of the ${one.image.tree.kind} tree are not in the ${other.image.tree.kind} tree`,
      at: { source: one.image.source.name },
    });
  }
}
