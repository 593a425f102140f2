// Tells whether a disc's video is encrypted, because players then need more than a file system gives, and whether a
// file beside the image says that its Q sub-channel was changed (LibCrypt). It is seen, never broken: files are shown
// as they are stored.
import { IsodriveError } from '../../base/error.js';
import { findSbi } from '../../disc/sbi-file.js';
import { ROOT_ROW } from '../../index/index-table.js';
import type { OpenedImage } from '../../image/open-image.js';
import { openFile } from '../../image/file-content.js';

const SECTOR = 2048;
/** Sectors of one title that are looked at, spread over its first file: navigation packs are never scrambled. */
const SAMPLES = 32;
/** Titles that are looked at. */
const MAX_TITLES = 8;
/** First file with the video of a title (DVD-Video, part 3). */
const TITLE_FILE = /^VTS_\d\d_1\.VOB$/i;

/**
 * Adds findings for LibCrypt, AACS (Blu-ray, HD DVD) and CSS (DVD-Video). What cannot be read is taken for not
 * protected.
 */
export async function reportCopyProtection(image: OpenedImage, signal?: AbortSignal): Promise<void> {
  await reportChangedQ(image, signal);
  try {
    if ((await findChild(image, ROOT_ROW, /^AACS$/i)).length > 0) {
      report(image, 'copy-protection-aacs', 'Disc has a folder AACS: its video is encrypted');
    }
    for (const folder of await findChild(image, ROOT_ROW, /^VIDEO_TS$/i)) {
      const titles = (await findChild(image, folder, TITLE_FILE)).slice(0, MAX_TITLES);
      for (const title of titles) {
        if (!(await isScrambled(image, title, signal))) continue;
        report(image, 'copy-protection-css', `"${image.index.path(title)}" is encrypted with CSS`);
        return;
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof IsodriveError) || thrown.code === 'cancelled') throw thrown;
  }
}

async function reportChangedQ(image: OpenedImage, signal: AbortSignal | undefined): Promise<void> {
  const sbi = await findSbi(image.files, signal);
  if (sbi === undefined) return;
  const { name, patches, fault } = sbi;
  if (patches === undefined) report(image, 'unusable-sbi', `File "${name}" is not used: ${fault ?? ''}`);
  else {
    const count = `${patches.size} sectors whose Q sub-channel was changed on purpose`;
    report(image, 'copy-protection-libcrypt', `File "${name}" names ${count}, as LibCrypt does`);
  }
}

/** Rows of the children whose names match; none of what is no directory. */
async function findChild(image: OpenedImage, row: number, pattern: RegExp): Promise<number[]> {
  const { index } = image;
  if (index.node(row).type !== 'directory') return [];
  const { first, count } = await index.children(row);
  const rows = Array.from({ length: count }, (_, child) => first + child);
  return rows.filter((child) => pattern.test(Buffer.from(index.table.name(child)).toString('latin1')));
}

async function isScrambled(
  image: OpenedImage,
  row: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (image.index.node(row).type !== 'file') return false;
  const reader = openFile(image, row);
  const sectors = Math.floor(reader.size / SECTOR);
  const step = Math.max(1, Math.floor(sectors / SAMPLES));
  const pack = new Uint8Array(SECTOR);
  for (let sector = 0; sector < sectors; sector += step) {
    await reader.read(pack, sector * SECTOR, signal);
    if (isScrambledPack(pack)) return true;
  }
  return false;
}

/**
 * ISO 13818-1: a pack header of 14 bytes (start code BA), then a packet whose seventh byte has the scrambling control
 * in bits 4 and 5; not so in system headers, padding and navigation data (BB, BE, BF).
 */
function isScrambledPack(pack: Uint8Array): boolean {
  const isPack = isStartCode(pack, 0) && pack[3] === 0xba && isStartCode(pack, 14);
  const hasControl = pack[17] !== 0xbb && pack[17] !== 0xbe && pack[17] !== 0xbf;
  return isPack && hasControl && (pack[20]! & 0x30) !== 0;
}

function isStartCode(pack: Uint8Array, at: number): boolean {
  return pack[at] === 0 && pack[at + 1] === 0 && pack[at + 2] === 1;
}

function report(image: OpenedImage, code: string, message: string): void {
  image.findings.add({ code, severity: 'note', message, at: { source: image.source.name } });
}
