// Allocation descriptors (ECMA-167 4/12, 4/14.14): short, long and extended ones, turned into runs of image bytes.
import type { ByteCursor } from '../../base/byte-cursor.js';
import type { ExtentList } from './extent-list.js';
import { EXTENT_TYPE, extentLength, extentType } from './fields.js';
import type { BlockAddress } from './fields.js';
import { ALLOCATION } from './file-entry.js';
import type { Partition } from './partition/partition.js';
import type { WorkBudget } from '../contract/work-budget.js';

/** Bytes of a descriptor by its kind. */
const BYTES: Readonly<Record<number, number>> = {
  [ALLOCATION.short]: 8,
  [ALLOCATION.long]: 16,
  [ALLOCATION.extended]: 20,
};

/** What addresses in descriptors mean. */
export interface AllocationContext {
  readonly partitions: readonly Partition[];
  readonly work: WorkBudget;
  /** Bytes. */
  readonly imageSize: number;
}

/**
 * Adds the extents of the descriptors from `offset` on, `length` bytes of them. Short ones count in partition
 * `home`. Gives the place of the allocation extent descriptor where they go on, or undefined at their end. Nothing is
 * added for a kind that has no meaning.
 */
export function addAllocation(
  context: AllocationContext,
  cursor: ByteCursor,
  offset: number,
  length: number,
  kind: number,
  home: number,
  extents: ExtentList,
): BlockAddress | undefined {
  const step = BYTES[kind];
  if (step === undefined) return undefined;
  const end = offset + length - step;
  for (let at = offset; at <= end && !extents.isCut; at += step) {
    const word = cursor.u32le(at); // Extent Length and type, BP 0-3
    const bytes = extentLength(word);
    // 4/12: a length of 0 ends the descriptors.
    if (bytes === 0) return undefined;
    const block = cursor.u32le(kind === ALLOCATION.extended ? at + 12 : at + 4);
    let partition = home;
    if (kind === ALLOCATION.long) partition = cursor.u16le(at + 8);
    else if (kind === ALLOCATION.extended) partition = cursor.u16le(at + 16);
    const type = extentType(word);
    if (type === EXTENT_TYPE.continuation) return { block, partition };
    if (type !== EXTENT_TYPE.recorded) extents.add(undefined, bytes);
    else extents.addBlocks(context.partitions[partition], block, bytes, context.imageSize);
    if (!context.work.takeSteps(extents.takeSteps())) extents.isCut = true;
  }
  return undefined;
}
