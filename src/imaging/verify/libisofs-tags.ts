// The checksum tags of libisofs (xorriso): sectors of text that say the MD5 of what lies before them, of the super
// block, of the directory tree, and of the session (libisofs, doc/checksums.txt).
import { createHash } from 'node:crypto';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost } from '../../source/read-fully.js';
import { isBadPlace } from '../create/medium-fault.js';

const TAG =
  /^(libisofs_(rlsb32_|sb_|tree_|)checksum_tag_v1 pos=(\d{1,10}) range_start=(\d{1,10}) range_size=(\d{1,10})(?: session_start=(\d{1,10}))?(?: next=(\d{1,10}))? md5=([0-9a-f]{32})) self=([0-9a-f]{32})\n/;
const TITLES = {
  rlsb32_: 'relocated super block',
  sb_: 'super block',
  tree_: 'directory tree',
  '': 'session',
} as const;
/** Sectors in which the tag of a session's super block can stand, from the session's start on. */
const FIRST_SECTOR = 16;
const LAST_SECTOR = 64;
/** Where a first session of its own starts when sector 0 speaks of a later one. */
const RELOCATED_START = 32;
/** Tags of an image that are followed. */
const MAX_TAGS = 64;

export interface ChecksumTag {
  readonly title: string;
  /** Sector of the tag. */
  readonly sector: number;
  /** Bytes of the image that it is about. */
  readonly start: number;
  readonly end: number;
  readonly md5: string;
  /** The tag's own checksum is right. */
  readonly isIntact: boolean;
}

/** Tags of the image, each once. Sectors that cannot be read hold none. Rejects as ByteSource.read does otherwise. */
export async function findChecksumTags(source: ByteSource, signal?: AbortSignal): Promise<ChecksumTag[]> {
  const tags = new Map<number, ChecksumTag>();
  const starts = [0, RELOCATED_START];
  for (let start = starts.shift(); start !== undefined && tags.size < MAX_TAGS; start = starts.shift()) {
    for (let sector = start + FIRST_SECTOR; sector < start + LAST_SECTOR; sector += 1) {
      let next: number | undefined = sector;
      while (next !== undefined && !tags.has(next) && tags.size < MAX_TAGS) {
        const found = await readTag(source, next, signal);
        if (found === undefined) break;
        tags.set(next, found.tag);
        if (found.sessionStart !== undefined) starts.push(found.sessionStart);
        next = found.next;
      }
    }
  }
  return [...tags.values()];
}

interface FoundTag {
  readonly tag: ChecksumTag;
  readonly next: number | undefined;
  readonly sessionStart: number | undefined;
}

async function readTag(
  source: ByteSource,
  sector: number,
  signal?: AbortSignal,
): Promise<FoundTag | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readAtMost(source, sector * SECTOR_SIZE, SECTOR_SIZE, signal);
  } catch (thrown) {
    if (isBadPlace(thrown)) return undefined;
    throw thrown;
  }
  const match = TAG.exec(Buffer.from(bytes).toString('latin1'));
  if (match === null) return undefined;
  const [, text = '', kind = '', position, start, size, session, next, md5 = '', self] = match;
  const end = (Number(start) + Number(size)) * SECTOR_SIZE;
  // A tag about something else than what lies before it stands in a copied file.
  if (Number(position) !== sector || end > sector * SECTOR_SIZE) return undefined;
  return {
    tag: {
      title: TITLES[kind as keyof typeof TITLES],
      sector,
      start: Number(start) * SECTOR_SIZE,
      end,
      md5,
      isIntact: createHash('md5').update(text, 'latin1').digest('hex') === self,
    },
    next: next === undefined ? undefined : Number(next),
    sessionStart: session === undefined ? undefined : Number(session),
  };
}
