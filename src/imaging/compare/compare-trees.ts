// Compares two trees file by file: which names each has, of what type, and whether content and targets are the same.
import { countBytes } from '../../base/byte-count.js';
import { IsodriveError } from '../../base/error.js';
import { throwIfAborted } from '../../base/abortable.js';
import { compareAttributes } from './compare-attributes.js';
import type { AttributeKind } from './compare-attributes.js';
import { shownPath } from './tree-side.js';
import type { Side, SideEntry } from './tree-side.js';

/** Bytes of a read of each side. */
const CHUNK_BYTES = 1_048_576;

export interface TreeDifference {
  /** From "/", for people. */
  readonly path: string;
  readonly kind:
    | 'only-in-a'
    | 'only-in-b'
    | 'type'
    | 'size'
    | 'content'
    | 'target'
    | 'device'
    | 'unreadable'
    | AttributeKind;
  readonly detail: string;
}

export interface TreeComparison {
  /** In the order of the paths. */
  readonly differences: readonly TreeDifference[];
  /** Entries that differ in an attribute, of each kind. */
  readonly attributes: Readonly<Record<AttributeKind, number>>;
}

/** `areAttributesListed`: those that differ are differences as well, and not only counted. */
export async function compareTrees(
  a: Side,
  b: Side,
  areAttributesListed: boolean,
  signal?: AbortSignal,
): Promise<TreeComparison> {
  const differences: TreeDifference[] = [];
  const counts = { mode: 0, owner: 0, time: 0, attributes: 0, links: 0 };
  for (const path of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    throwIfAborted(signal);
    const [left, right] = [a.get(path), b.get(path)];
    const add = (kind: TreeDifference['kind'], detail: string): void => {
      differences.push({ path: shownPath(path), kind, detail });
    };
    if (left === undefined || right === undefined) {
      // What lies in a directory that only one has goes without saying.
      const parent = path.slice(0, path.lastIndexOf('/'));
      const isNews = parent === '' || (a.has(parent) && b.has(parent));
      if (isNews) add(left === undefined ? 'only-in-b' : 'only-in-a', (left ?? right)!.type);
    } else if (left.type !== right.type) {
      add('type', `${left.type}, and ${right.type}`);
    } else if (left.size !== right.size) {
      add('size', `${countBytes(left.size)}, and ${right.size}`);
    } else if (left.device !== right.device) {
      add('device', `${left.device}, and ${right.device}`);
    } else if (left.target !== right.target) {
      add('target', `"${shownPath(left.target)}", and "${shownPath(right.target)}"`);
    } else if (left.type === 'file') {
      try {
        const offset = await firstDifference(left, right, signal);
        if (offset !== undefined) add('content', `first differs at byte ${offset}`);
      } catch (thrown) {
        const isFault =
          thrown instanceof IsodriveError && ['damaged', 'image-unreadable'].includes(thrown.code);
        if (!isFault) throw thrown;
        add('unreadable', thrown.message);
      }
    }
    if (left?.type === undefined || left.type !== right?.type) continue;
    for (const [kind, detail] of compareAttributes(left, right)) {
      counts[kind] += 1;
      if (areAttributesListed) add(kind, detail);
    }
  }
  return { differences, attributes: counts };
}

async function firstDifference(
  left: SideEntry,
  right: SideEntry,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  await using a = await left.open();
  await using b = await right.open();
  const size = Math.min(CHUNK_BYTES, left.size);
  const [ours, theirs] = [new Uint8Array(size), new Uint8Array(size)];
  for (let position = 0; position < left.size;) {
    throwIfAborted(signal);
    const length = Math.min(size, left.size - position);
    const [one, other] = [ours.subarray(0, length), theirs.subarray(0, length)];
    const got = await Promise.all([a.read(one, position), b.read(other, position)]);
    if (Buffer.compare(one, other) !== 0 || got[0] !== got[1]) {
      const at = one.findIndex((byte, i) => byte !== other[i]);
      return position + (at < 0 ? Math.min(...got) : at);
    }
    if (got[0] === 0) return position;
    position += got[0];
  }
  return undefined;
}
