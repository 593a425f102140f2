// Chooses the tree that a user sees: the one asked for, or the best that can be read and is not empty.
import { IsodriveError } from '../../base/error.js';
import type { FindingLog } from '../../base/finding.js';
import { chooseOfBridge } from './compare-bridge.js';
import type { FileTree, TreeKind } from '../contract/file-tree.js';

const ISO_KINDS: readonly TreeKind[] = ['rock-ridge', 'joliet', 'iso9660-1999', 'iso9660'];

/**
 * `auto` takes the first of `trees` whose root lists something: some discs have a Rock Ridge or plain tree that is
 * empty or unreadable beside a good Joliet one. Where it is one of ISO 9660 and the disc has UDF as well, see
 * chooseOfBridge. Rejects with `unsupported` when the tree asked for is not there, and with the first tree's own
 * error when none can be read.
 */
export async function chooseTree(
  trees: readonly FileTree[],
  wanted: TreeKind | 'auto',
  findings: FindingLog,
  sourceName: string,
  signal?: AbortSignal,
): Promise<FileTree> {
  if (wanted !== 'auto') return requireTree(trees, wanted, sourceName);
  const first = await findFirst(trees, signal);
  const udf = ISO_KINDS.includes(first.kind) ? trees.find(({ kind }) => kind === 'udf') : undefined;
  const shown = udf === undefined ? first : await chooseOfBridge(first, udf, findings, sourceName, signal);
  reportChoice(first, shown, trees, findings, sourceName);
  return shown;
}

/** The first that lists something, or else the first that can be read. */
async function findFirst(trees: readonly FileTree[], signal: AbortSignal | undefined): Promise<FileTree> {
  let firstReadable: FileTree | undefined;
  let firstError: IsodriveError | undefined;
  for (const tree of trees) {
    try {
      if (!(await tree.isRootEmpty(signal))) return tree;
      firstReadable ??= tree;
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
      firstError ??= thrown;
    }
  }
  if (firstReadable !== undefined) return firstReadable;
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

/** Tells that the best tree was passed over. */
function reportChoice(
  first: FileTree,
  shown: FileTree,
  trees: readonly FileTree[],
  findings: FindingLog,
  sourceName: string,
): void {
  const best = trees[0];
  if (best === undefined || best === first) return;
  findings.add({
    code: 'unusable-tree',
    severity: 'warning',
    message: `Root of the ${best.kind} tree is empty or damaged, the ${shown.kind} tree is shown`,
    at: { source: sourceName },
  });
}
