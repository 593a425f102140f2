// Bridge discs hold two trees of the same files, ISO 9660 and UDF, or two that differ: files of 4 GiB and more are
// cut in many ISO 9660 trees, long names too, and some show nothing but a README there. Linux and Windows show UDF.
import { IsodriveError } from '../../base/error.js';
import type { FindingLog } from '../../base/finding.js';
import { compareTrees } from './compare-trees.js';
import type { Lack, LookBudget, TreeComparison } from './compare-trees.js';
import type { FileTree } from '../contract/file-tree.js';

/** What opening a disc may cost: the upper directories of both trees. */
export const FIRST_LOOK: LookBudget = { entries: 2048, directories: 64 };
/** Where the first look has met that UDF lacks something, all is compared; more than this is not. */
export const WHOLE_LOOK: LookBudget = { entries: 262_144, directories: 65_536 };

/**
 * Gives `udf` where it is good, which is to say that its root can be listed without damage and is not empty; otherwise
 * `iso`. The other one is given where that lacks less: fewer bytes of files, or as many bytes and fewer entries.
 * It is known to only where both were compared to their ends. What differs is a finding.
 */
export async function chooseOfBridge(
  iso: FileTree,
  udf: FileTree,
  findings: FindingLog,
  sourceName: string,
  signal?: AbortSignal,
): Promise<FileTree> {
  const isGood = await hasGoodRoot(udf, signal);
  const preferred = isGood ? udf : iso;
  const other = isGood ? iso : udf;
  const comparison = await compareAsNeeded(preferred, other, signal);
  const [ownLack, otherLack] = comparison.lacks;
  const isOtherBetter = comparison.isComplete && lacksLess(otherLack, ownLack);
  const shown = isOtherBetter ? other : preferred;
  const hidden = isOtherBetter ? preferred : other;
  const [shownLack, hiddenLack] = isOtherBetter ? [otherLack, ownLack] : [ownLack, otherLack];
  const report = (severity: 'note' | 'warning', message: string): void =>
    findings.add({ code: 'bridge-disagreement', severity, message, at: { source: sourceName } });
  if (!isGood) {
    report('warning', `Root of the udf tree is empty or damaged, the ${shown.kind} tree is shown`);
  }
  const least = comparison.isComplete ? '' : 'at least ';
  if (shownLack.count > 0) {
    const what = describeLack(shown, shownLack, hidden, least);
    report('warning', `${what}; see it with --tree ${hidden.kind}`);
  }
  if (hiddenLack.count > 0) {
    report('note', `${describeLack(hidden, hiddenLack, shown, least)}; the ${shown.kind} tree is shown`);
  }
  return shown;
}

/** To the end only where `preferred` lacks something, as it does on few discs. */
async function compareAsNeeded(
  preferred: FileTree,
  other: FileTree,
  signal: AbortSignal | undefined,
): Promise<TreeComparison> {
  const look = await compareTrees(preferred, other, FIRST_LOOK, signal);
  if (look.isComplete || look.lacks[0].count === 0) return look;
  return compareTrees(preferred, other, WHOLE_LOOK, signal);
}

function lacksLess(one: Lack, other: Lack): boolean {
  return one.bytes === other.bytes ? one.count < other.count : one.bytes < other.bytes;
}

async function hasGoodRoot(tree: FileTree, signal: AbortSignal | undefined): Promise<boolean> {
  let count = 0;
  let isDamaged = false;
  try {
    const { locator, size } = await tree.readRoot(signal);
    const sink = { add: () => void (count += 1) };
    await tree.readDirectory(
      locator,
      size,
      sink,
      ({ severity }) => (isDamaged ||= severity === 'damage'),
      signal,
    );
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    return false;
  }
  return count > 0 && !isDamaged;
}

/** `least` stands before the number. */
function describeLack(tree: FileTree, { count, quoted }: Lack, other: FileTree, least: string): string {
  const more = count > quoted.length ? ` and ${count - quoted.length} more` : '';
  const entries = `${count} ${count === 1 ? 'entry' : 'entries'}`;
  return `The ${tree.kind} tree lacks ${least}${entries} of the ${other.kind} tree: ${quoted.join(', ')}${more}`;
}
