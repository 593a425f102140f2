// isodrive compare A B: by sector and by file where both are images, by file alone where one is a directory.
import { stat } from 'node:fs/promises';
import { hostPath, resolveHostPath } from '../../base/path-text.js';
import { IsodriveError } from '../../base/error.js';
import { ATTRIBUTE_KINDS } from '../../imaging/compare/compare-attributes.js';
import { compareImages } from '../../imaging/compare/compare-images.js';
import { compareTrees } from '../../imaging/compare/compare-trees.js';
import type { TreeComparison, TreeDifference } from '../../imaging/compare/compare-trees.js';
import { readDirectorySide, readImageSide } from '../../imaging/compare/tree-side.js';
import type { Side } from '../../imaging/compare/tree-side.js';
import { openImage } from '../../image/open-image.js';
import type { OpenedImage } from '../../image/open-image.js';
import { escapeText } from '../../base/display-name.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import { openImageFile } from '../../source/open-image-file.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import type { RunCommand } from '../command-spec.js';
import { formatBytes, formatCount } from '../count-text.js';
import type { Output } from '../output.js';
import type { ViewValues } from '../../options/view-options.js';
import { PassProgress } from '../pass-progress.js';
import { readViewOptions } from '../view-options.js';

export const runCompare: RunCommand = async (args, { output, signal }) => {
  const [a, b] = [resolveHostPath(args.required('a')), resolveHostPath(args.required('b'))];
  const areImages = !(await isDirectory(a)) && !(await isDirectory(b));
  const sectors = areImages ? await compareAllSectors(a, b, output, signal) : undefined;
  // What is the same in every sector has the same files.
  const isSame = sectors?.length === 0;
  const isListed = args.flag('attributes');
  const { differences: files, attributes } = isSame
    ? { differences: [], attributes: undefined }
    : await compareFiles(a, b, isListed, readViewOptions(args), signal);
  if (output.json) {
    await output.record({
      schemaVersion: SCHEMA_VERSION,
      a,
      b,
      same: isSame || isEqual(sectors, files),
      sectors,
      files,
      attributes,
    });
  } else {
    await printDifferences(sectors, files, output);
    if (!isListed && attributes !== undefined) await printAttributes(attributes, output);
  }
  if (isSame || isEqual(sectors, files)) return undefined;
  throw new IsodriveError(
    'verification-failed',
    `Cannot find "${a}" and "${b}" the same: ${summarize(sectors, files)}`,
    {
      action: 'See the differences above',
    },
  );
};

function isEqual(sectors: readonly ByteRange[] | undefined, files: readonly TreeDifference[]): boolean {
  return (sectors?.length ?? 0) === 0 && files.length === 0;
}

function summarize(sectors: readonly ByteRange[] | undefined, files: readonly TreeDifference[]): string {
  const bytes = (sectors ?? []).reduce((sum, { size }) => sum + size, 0);
  const entries = formatCount(files.length, 'entry differs', 'entries differ');
  return sectors === undefined ? entries : `${formatBytes(bytes)} in sectors that differ, ${entries}`;
}

async function compareAllSectors(
  a: string,
  b: string,
  output: Output,
  signal: AbortSignal,
): Promise<ByteRange[]> {
  await using left = (await openImageFile(a, undefined, signal)).files;
  await using right = (await openImageFile(b, undefined, signal)).files;
  const progress = new PassProgress(output);
  try {
    return await compareImages(left, right, { signal, onProgress: progress.show.bind(progress) });
  } finally {
    progress.clear();
  }
}

async function compareFiles(
  a: string,
  b: string,
  areAttributesListed: boolean,
  view: ViewValues,
  signal: AbortSignal,
): Promise<TreeComparison> {
  const opened: OpenedImage[] = [];
  const open = async (path: string): Promise<Side> => {
    if (await isDirectory(path)) return readDirectorySide(path, signal);
    const image = await openImage(path, { ...view, signal });
    opened.push(image);
    return readImageSide(image, signal);
  };
  try {
    return await compareTrees(await open(a), await open(b), areAttributesListed, signal);
  } finally {
    for (const image of opened) await image[Symbol.asyncDispose]();
  }
}

async function printDifferences(
  sectors: readonly ByteRange[] | undefined,
  files: readonly TreeDifference[],
  output: Output,
): Promise<void> {
  if (sectors?.length === 0) return output.line('the same in every sector');
  for (const { position, size } of sectors ?? []) {
    await output.line(`sectors     ${formatBytes(size)} at byte ${position} differ`);
  }
  for (const { path, kind, detail } of files) {
    await output.line(`${kind.padEnd(11)} ${escapeText(path)}: ${escapeText(detail)}`);
  }
  if (files.length === 0) await output.line('the same files');
}

/** Counts alone: of a disc that was written anew, all times may differ. */
async function printAttributes(attributes: TreeComparison['attributes'], output: Output): Promise<void> {
  const found = ATTRIBUTE_KINDS.filter((kind) => attributes[kind] > 0).map(
    (kind) => `${kind} of ${formatCount(attributes[kind], 'entry', 'entries')}`,
  );
  if (found.length > 0)
    await output.line(`attributes  ${found.join(', ')}: not counted without --attributes`);
}

/** What is not there is no directory: opening it as an image says so. */
async function isDirectory(path: string): Promise<boolean> {
  return stat(hostPath(path)).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
