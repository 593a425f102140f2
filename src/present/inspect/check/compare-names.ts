// Compares the two trees of a bridge disc, directory by directory: their names, and what has each name. `auto`
// decides by less than that.
import { toIsodriveError } from '../../../base/error.js';
import type { Finding } from '../../../base/finding.js';
import { MODE_TYPE } from '../../../filesystem/contract/file-tree.js';
import type { TreeKind } from '../../../filesystem/contract/file-tree.js';
import { compareBytes } from '../../../index/byte-order.js';
import { ROW } from '../../../index/layout.js';
import { ROOT_ROW } from '../../../index/index-table.js';
import type { OpenedImage } from '../../../image/open-image.js';
import { throwIfAborted } from '../../../base/abortable.js';
import { MAX_CHECKED_ENTRIES } from './collect-files.js';
import type { CheckedView } from './collect-files.js';

/** Trees of ISO 9660 whose names are those that users gave, best first: plain ISO 9660 writes them differently. */
const NAMED_KINDS: readonly TreeKind[] = ['rock-ridge', 'joliet', 'iso9660-1999'];
/** Paths that the finding quotes for each tree. */
const MAX_QUOTED = 3;

/** Entries that a difference is told of: what only one of two trees has, or each has as something else. */
interface Lack {
  count: number;
  readonly quoted: string[];
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [MODE_TYPE.directory, 'directory'],
  [MODE_TYPE.symlink, 'symbolic link'],
  [MODE_TYPE.fifo, 'fifo'],
  [MODE_TYPE.socket, 'socket'],
  [MODE_TYPE.block, 'block device'],
  [MODE_TYPE.character, 'character device'],
]);

type Report = (finding: Finding) => void;

/** Says nothing where the disc is no bridge. Rejects with `cancelled`. */
export async function compareBridgeNames(
  views: readonly CheckedView[],
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  const find = (kind: TreeKind): OpenedImage | undefined =>
    views.find((view) => view.image.tree.kind === kind)?.image;
  const udf = find('udf');
  const iso = NAMED_KINDS.map(find).find((image) => image !== undefined);
  if (udf === undefined || iso === undefined) return;
  const lacks: [Lack, Lack] = [
    { count: 0, quoted: [] },
    { count: 0, quoted: [] },
  ];
  const others: Lack = { count: 0, quoted: [] };
  await compareTrees(iso, udf, lacks, others, signal);
  const parts = [describe(iso, lacks[0]), describe(udf, lacks[1]), describeOthers(iso, udf, others)].filter(
    (text) => text !== undefined,
  );
  if (parts.length === 0) return;
  const message = `Trees of the bridge disc disagree: ${parts.join('; ')}`;
  report({ code: 'bridge-disagreement', severity: 'note', message, at: { source: iso.source.name } });
}

async function compareTrees(
  first: OpenedImage,
  second: OpenedImage,
  lacks: readonly [Lack, Lack],
  others: Lack,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pending: [number, number][] = [[ROOT_ROW, ROOT_ROW]];
  let entries = 0;
  for (let pair = pending.pop(); pair !== undefined && entries <= MAX_CHECKED_ENTRIES; pair = pending.pop()) {
    throwIfAborted(signal);
    const left = await listRows(first, pair[0]);
    const right = await listRows(second, pair[1]);
    // What cannot be listed has a finding of its own.
    if (left === undefined || right === undefined) continue;
    entries += left.length + right.length;
    for (let a = 0, b = 0; a < left.length || b < right.length;) {
      const order = compareRows(first, left[a], second, right[b]);
      if (order < 0) addLack(lacks[0], first, left[a]!);
      else if (order > 0) addLack(lacks[1], second, right[b]!);
      else if (isDirectory(first, left[a]!) && isDirectory(second, right[b]!)) {
        pending.push([left[a]!, right[b]!]);
      } else addIfOther(others, [first, left[a]!], [second, right[b]!]);
      if (order <= 0) a += 1;
      if (order >= 0) b += 1;
    }
  }
}

/** Rows of a directory in byte order of their names; undefined when it cannot be listed. */
async function listRows({ index }: OpenedImage, row: number): Promise<number[] | undefined> {
  try {
    const { first, count } = await index.children(row);
    return Array.from({ length: count }, (_, at) => first + at);
  } catch (thrown) {
    if (toIsodriveError(thrown).code !== 'damaged') throw thrown;
    return undefined;
  }
}

/** By name; what is not there comes last. */
function compareRows(
  first: OpenedImage,
  left: number | undefined,
  second: OpenedImage,
  right: number | undefined,
): number {
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  const [a, b] = [first.index.table.name(left), second.index.table.name(right)];
  return compareBytes(a, 0, a.length, b, 0, b.length);
}

function isDirectory({ index }: OpenedImage, row: number): boolean {
  return index.table.type(row) === MODE_TYPE.directory;
}

/** Other sizes of files that both have bytes of are found with their bytes. */
function addIfOther(others: Lack, first: [OpenedImage, number], second: [OpenedImage, number]): void {
  const [left, right] = [nameContent(...first), nameContent(...second)];
  if (left === right) return;
  others.count += 1;
  if (others.quoted.length < MAX_QUOTED) {
    others.quoted.push(`"${first[0].index.path(first[1])}" (${left}, ${right})`);
  }
}

function nameContent({ index: { table } }: OpenedImage, row: number): string {
  const type = table.type(row);
  if (type === MODE_TYPE.regular) return table.wide(row, ROW.sizeLow) === 0 ? 'empty file' : 'file';
  return TYPE_NAMES.get(type) ?? 'unknown';
}

function addLack(lack: Lack, { index }: OpenedImage, row: number): void {
  lack.count += 1;
  if (lack.quoted.length < MAX_QUOTED) lack.quoted.push(`"${index.path(row)}"`);
}

function describe({ tree }: OpenedImage, lack: Lack): string | undefined {
  return lack.count === 0 ? undefined : `only the ${tree.kind} tree has ${quote(lack)}`;
}

function describeOthers(first: OpenedImage, second: OpenedImage, others: Lack): string | undefined {
  if (others.count === 0) return undefined;
  return `the ${first.tree.kind} and ${second.tree.kind} trees differ in what has the name ${quote(others)}`;
}

function quote({ count, quoted }: Lack): string {
  return quoted.join(', ') + (count > quoted.length ? ` and ${count - quoted.length} more` : '');
}
