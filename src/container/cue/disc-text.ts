// What a cue sheet says of the disc in words: lines of its own, and a file with packs of CD-TEXT.
import { IsodriveError } from '../../base/error.js';
import type { Disc } from '../../disc/disc.js';
import type { ImageFiles } from '../../source/image-files.js';
import { readAtMost } from '../../source/read-fully.js';
import type { SheetFiles } from '../sheet/sheet-files.js';
import type { SheetText } from '../sheet/sheet-text.js';
import type { CueSheet } from './parse.js';

/** MMC-3 Annex J: packs of 18 bytes, 256 in each of 8 languages. */
const PACK_BYTES = 18;
const MAX_PACKS = 2048;
/** The answer of a drive has its length first. */
const ANSWER_HEADER = 4;

export async function readDiscText(
  { title, performer, textFile }: CueSheet,
  opened: SheetFiles,
  files: ImageFiles,
  text: SheetText,
  signal: AbortSignal | undefined,
): Promise<Pick<Disc, 'title' | 'performer' | 'cdText'>> {
  const cdText = textFile === undefined ? undefined : await readPacks(textFile, opened, files, text, signal);
  return {
    ...(title === undefined ? {} : { title }),
    ...(performer === undefined ? {} : { performer }),
    ...(cdText === undefined ? {} : { cdText }),
  };
}

async function readPacks(
  part: string,
  opened: SheetFiles,
  files: ImageFiles,
  text: SheetText,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  let found = 'it is not beside the sheet';
  try {
    for (const name of text.fileNames(part)) {
      const source = await files.open(name, signal);
      if (source === undefined) continue;
      const bytes = await readAtMost(source, 0, ANSWER_HEADER + MAX_PACKS * PACK_BYTES + 1, signal);
      const packs = findPacks(bytes);
      if (packs !== undefined) return packs;
      found = 'it holds no packs';
    }
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
    found = thrown.message;
  }
  opened.report('unread-cd-text', 'warning', `File of CD-TEXT, which the sheet names, is not read: ${found}`);
  return undefined;
}

/** Some files begin as the answer of a drive does, and some end in a zero. */
function findPacks(bytes: Uint8Array): Uint8Array | undefined {
  for (const start of [0, ANSWER_HEADER]) {
    const packs = bytes.subarray(start);
    const isWhole = packs.length % PACK_BYTES <= 1 && packs.length >= PACK_BYTES;
    if (isWhole && packs[0]! >= 0x80 && packs[0]! <= 0x8f)
      return packs.slice(0, Math.floor(packs.length / PACK_BYTES) * PACK_BYTES);
  }
  return undefined;
}
