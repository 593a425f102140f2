// The long look at an image, for `info --check`: every view is walked to its end, so that what is wrong anywhere is
// met, and then their files are compared. `info` alone tells what opening the image met.
import type { IsodriveError } from '../base/error.js';
import { toIsodriveError } from '../base/error.js';
import { DiscIndex } from '../index/disc-index.js';
import { PlainIndexMemory } from '../index/index-memory.js';
import type { OpenedImage } from '../index/open-image.js';
import { checkPlaces } from './check/check-places.js';
import { MAX_CHECKED_ENTRIES, collectFiles } from './check/collect-files.js';
import type { CheckedView } from './check/collect-files.js';
import { compareBridgeNames } from './check/compare-names.js';
import { compareViews } from './check/compare-views.js';

/** Adds what it meets to the image's findings. Rejects with `cancelled` only. */
export async function checkImage(image: OpenedImage, signal?: AbortSignal): Promise<void> {
  const report = image.findings.add.bind(image.findings);
  const views: CheckedView[] = [];
  for (const tree of image.trees) {
    try {
      const index = tree === image.tree ? image.index : await openIndex(image, tree, signal);
      const view = await collectFiles({ ...image, tree, index }, signal);
      checkPlaces(view, report);
      if (view.isCut) reportCut(view);
      views.push(view);
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code === 'cancelled' || error.code === 'internal') throw error;
      reportUnusable(image, tree.kind, error);
    }
  }
  const shown = views.find((view) => view.image.tree === image.tree);
  for (const view of views) {
    if (shown !== undefined && view !== shown) await compareViews(shown, view, report, signal);
  }
  await compareBridgeNames(views, report, signal);
}

function openIndex(
  { findings, source }: OpenedImage,
  tree: OpenedImage['tree'],
  signal: AbortSignal | undefined,
): Promise<DiscIndex> {
  return DiscIndex.open(tree, new PlainIndexMemory(), findings, source.name, signal);
}

function reportCut({ image }: CheckedView): void {
  image.findings.add({
    code: 'check-cut-short',
    severity: 'note',
    message: `The ${image.tree.kind} tree has more than ${MAX_CHECKED_ENTRIES} entries, the check leaves out the rest`,
    at: { source: image.source.name },
  });
}

function reportUnusable({ findings, source }: OpenedImage, kind: string, error: IsodriveError): void {
  findings.add({
    code: 'unusable-tree',
    severity: 'damage',
    message: `The ${kind} tree cannot be read: ${error.message}`,
    at: error.at ?? { source: source.name },
  });
}
