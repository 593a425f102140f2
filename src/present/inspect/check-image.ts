// The look at a whole image, for `info`: every view is walked to its end, so that what is wrong anywhere is met, and
// then their files are compared. Without --check it ends after so many entries or so much time.
import type { IsodriveError } from '../../base/error.js';
import { toIsodriveError } from '../../base/error.js';
import { WorkBudget } from '../../filesystem/contract/work-budget.js';
import { DiscIndex } from '../../index/disc-index.js';
import { PlainIndexMemory } from '../../index/index-memory.js';
import { asPlainImage } from '../../image/plain-image.js';
import type { OpenedImage } from '../../image/open-image.js';
import { checkPlaces } from './check/check-places.js';
import { MAX_CHECKED_ENTRIES, collectFiles } from './check/collect-files.js';
import type { CheckedView } from './check/collect-files.js';
import { compareBridgeNames } from './check/compare-names.js';
import { ToldFiles } from './check/told-files.js';
import { compareViews } from './check/compare-views.js';

/**
 * Entries of one view that the short look takes, and its milliseconds: `info` answers at once, whatever the image
 * is.
 */
export const MAX_SHORT_ENTRIES = 50_000;
export const MAX_SHORT_TIME = 2000;

/** As checkImage, but it ends early on a large image or a slow medium, which is a finding too. */
export async function checkShortly(
  image: OpenedImage,
  signal?: AbortSignal,
  maxTime = MAX_SHORT_TIME,
): Promise<void> {
  const time = AbortSignal.timeout(maxTime);
  try {
    const either = signal === undefined ? time : AbortSignal.any([signal, time]);
    await checkImage(image, either, MAX_SHORT_ENTRIES);
  } catch (thrown) {
    if (!time.aborted || signal?.aborted === true || toIsodriveError(thrown).code !== 'cancelled')
      throw thrown;
    reportCut(image, `There was more to look at than ${maxTime} ms allow`);
  }
}

/** Adds what it meets to the image's findings; of each view at most `maxEntries`. Rejects with `cancelled` only. */
export async function checkImage(
  opened: OpenedImage,
  signal?: AbortSignal,
  maxEntries = MAX_CHECKED_ENTRIES,
): Promise<void> {
  const image = asPlainImage(opened);
  const report = image.findings.add.bind(image.findings);
  const views: CheckedView[] = [];
  const told = new ToldFiles(image.findings, image.source.size);
  // Tracks are no files of a file system, whose places could be compared.
  const trees = image.trees.filter((tree) => tree === image.tree || tree.kind !== 'tracks');
  for (const tree of putFirst(image.tree, trees)) {
    try {
      const view = await told.collect(async () => {
        const index = tree === image.tree ? image.index : await openIndex(image, tree, signal);
        return collectFiles({ ...image, tree, index }, signal, maxEntries);
      });
      checkPlaces(view, report, told.isTold);
      if (view.isCut) reportCut(image, `The ${tree.kind} tree has more than ${maxEntries} entries`);
      views.push(view);
    } catch (thrown) {
      const error = toIsodriveError(thrown);
      if (error.code === 'cancelled' || error.code === 'internal') throw error;
      reportUnusable(image, tree.kind, error);
    }
  }
  const shown = views.find((view) => view.image.tree === image.tree);
  for (const view of views) {
    const isCompared = shown !== undefined && view !== shown && shown.image.tree.kind !== 'tracks';
    if (isCompared) await compareViews(shown, view, report, signal);
  }
  await compareBridgeNames(views, report, signal);
}

function putFirst<T>(first: T, all: readonly T[]): T[] {
  return [...all.filter((one) => one === first), ...all.filter((one) => one !== first)];
}

function openIndex(
  { findings, source, data }: OpenedImage,
  tree: OpenedImage['tree'],
  signal: AbortSignal | undefined,
): Promise<DiscIndex> {
  return DiscIndex.open(tree, new PlainIndexMemory(), findings, source.name, {
    signal,
    work: new WorkBudget(data.heldBytes),
  });
}

function reportCut({ findings, source }: OpenedImage, what: string): void {
  findings.add({
    code: 'check-cut-short',
    severity: 'note',
    message: `${what}, the check leaves out the rest`,
    at: { source: source.name },
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
