// The inode number of a file that has several names. ISO 9660 has no inodes: each name has a record of its own, and
// what makes two records one file is that they say the same of the same data.
import type { DirectoryEntry, ExtentSequence } from '../contract/file-tree.js';

/** An odd number whose bits are spread: what is multiplied by it moves up, and the shift brings it down again. */
const MULTIPLIER = 0x9e37_79b1;

/** Gives a regular file of several names the inode number that these share; leaves all other entries as they are. */
export function shareInode(entry: DirectoryEntry, blockSize: number): void {
  if (entry.linkSerial < 0) return;
  const runs = entry.extents ?? [{ offset: entry.locator, length: entry.size }];
  const last = runs.at(runs.length - 1);
  if (last?.offset === undefined || last.length === 0) return;
  // One file has one time of access. Programs that read files while they write the disc record one for each name
  // (bsdtar), and no more may come of that than a mount by EROFS shows, which has no time of access.
  entry.accessed.seconds = entry.modified.seconds;
  entry.accessed.microseconds = entry.modified.microseconds;
  entry.inode = placeOf(last.offset + last.length - 1, entry.linkSerial + hashFacts(entry, runs), blockSize);
}

/**
 * A byte of the last block of the data, which is no other file's. Where the data end counts, so that files that only
 * begin at one place differ (bsdtar with zisofs); `shift` moves the number within that block.
 */
function placeOf(last: number, shift: number, blockSize: number): number {
  const start = last - (last % blockSize);
  return start + ((last - start + shift) % blockSize);
}

/** Of all that two records must agree on to be one file but for where its data end; 32 bits. */
function hashFacts(entry: DirectoryEntry, runs: ExtentSequence): number {
  const { modified, changed } = entry;
  let hash = 0;
  for (const fact of [entry.mode, entry.links, entry.userId, entry.groupId]) hash = addFact(hash, fact);
  // The same stored bytes are another file where they are decoded (bsdtar marks one of two names as zisofs).
  if (entry.coding !== undefined) hash = addFact(addFact(hash, entry.size), entry.codingParameters);
  for (const time of [modified, changed]) hash = addFact(addFact(hash, time.seconds), time.microseconds);
  let left = runs.length;
  for (const { offset, length } of runs) {
    hash = addFact(hash, offset ?? 0);
    left -= 1;
    if (left > 0) hash = addFact(hash, length);
  }
  return hash >>> 0;
}

/** For numbers of up to 53 bits and a sign. */
function addFact(hash: number, fact: number): number {
  return mix(mix(hash ^ (fact >>> 0)) ^ Math.floor(fact / 2 ** 32));
}

function mix(word: number): number {
  const product = Math.imul(word, MULTIPLIER);
  return product ^ (product >>> 16);
}
