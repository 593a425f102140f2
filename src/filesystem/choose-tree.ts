// Chooses the tree that a user sees: the one asked for, or the best that can be read and is not empty.
import { IsodriveError } from '../base/error.js';
import type { FindingLog } from '../base/finding.js';
import { chooseOfBridge } from './compare-bridge.js';
import type { FileTree, TreeKind } from './file-tree.js';

/**
 * `auto` takes the first of `trees` whose root lists something: some discs have a Rock Ridge or plain tree that is
 * empty or unreadable beside a good Joliet one. Then a UDF tree that holds more than it is taken. Rejects with `unsupported` when the tree asked for is not there, and
 * with the first tree's own error when none can be read.
 */
export async function chooseTree(
  trees: readonly FileTree[],
  wanted: TreeKind | 'auto',
  findings: FindingLog,
  sourceName: string,
  signal?: AbortSignal,
): Promise<FileTree> {
  if (wanted !== 'auto') return requireTree(trees, wanted, sourceName);
  let firstReadable: FileTree | undefined;
  let firstError: IsodriveError | undefined;
  for (const tree of trees) {
    try {
      if (!(await tree.isRootEmpty(signal))) {
        const best = reportChoice(tree, trees, findings, sourceName);
        const udf = trees.find(({ kind }) => kind === 'udf');
        if (udf === undefined || udf === best) return best;
        return await chooseOfBridge(best, udf, findings, sourceName, signal);
      }
      firstReadable ??= tree;
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
      firstError ??= thrown;
    }
  }
  if (firstReadable !== undefined) return reportChoice(firstReadable, trees, findings, sourceName);
  throw firstError ?? new RangeError('A disc without trees');
}

function requireTree(trees: readonly FileTree[], wanted: TreeKind, sourceName: string): FileTree {
  const tree = trees.find(({ kind }) => kind === wanted);
  if (tree !== undefined) return tree;
  const present = trees.map(({ kind }) => kind).join(', ');
  throw new IsodriveError(
    'unsupported',
    `Cannot show the ${wanted} tree of "${sourceName}": disc has ${present}, expected ${wanted} among them`,
    { at: { source: sourceName }, action: `Choose one of: ${present}` },
  );
}

function reportChoice(
  tree: FileTree,
  trees: readonly FileTree[],
  findings: FindingLog,
  sourceName: string,
): FileTree {
  const best = trees[0];
  if (best !== undefined && best !== tree) {
    findings.add({
      code: 'unusable-tree',
      severity: 'warning',
      message: `Root of the ${best.kind} tree is empty or damaged, the ${tree.kind} tree is shown`,
      at: { source: sourceName },
    });
  }
  return tree;
}
