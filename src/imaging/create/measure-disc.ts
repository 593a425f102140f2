// How far a disc reaches by its own account: volume descriptors and partition tables. A drive may say less (a bad
// medium, a wrong table of contents) or more (run-out blocks of a disc that was written track at once).
import { IsodriveError } from '../../base/error.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { openContainer } from '../../container/open-container.js';
import { probeVolumes } from '../../filesystem/probe-volumes.js';
import type { ByteSource } from '../../source/byte-source.js';
import { readAtMost } from '../../source/read-fully.js';

/** Unit of partition tables, bytes. */
const LBA_BYTES = 512;
const MBR_ENTRIES = 4;

/** Byte behind the last that the disc's own structures claim; 0 when none can be read. */
export async function measureDisc(source: ByteSource, signal?: AbortSignal): Promise<number> {
  return Math.max(await forgive(volumeEnd(source, signal)), await forgive(partitionEnd(source, signal)));
}

async function volumeEnd(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  const disc = await openContainer(source, signal);
  const ends: number[] = [];
  for (const track of disc.sessions.flatMap(({ tracks }) => tracks)) {
    const volumes = await probeVolumes(disc.sectors(track), { report: () => undefined, signal });
    for (const { summary, trees } of volumes) {
      ends.push(summary.size, ...trees.map(({ volumeSize }) => volumeSize));
    }
  }
  return Math.max(0, ...ends);
}

async function partitionEnd(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  const bytes = await readAtMost(source, 0, 2 * LBA_BYTES, signal);
  const cursor = new ByteCursor(bytes, source.name, 0);
  let end = 0;
  // MBR: signature at 510, four entries of 16 bytes from 446 on, type at 4, first LBA at 8, sectors at 12.
  if (cursor.u16le(510) === 0xaa55) {
    for (let entry = 0; entry < MBR_ENTRIES; entry += 1) {
      const at = 446 + entry * 16;
      // A protective entry (UEFI 5.2.3) says "to the end", whatever that is.
      const isUsed = cursor.u8(at + 4) !== 0 && cursor.u32le(at + 12) !== 0xffff_ffff;
      if (isUsed) end = Math.max(end, (cursor.u32le(at + 8) + cursor.u32le(at + 12)) * LBA_BYTES);
    }
  }
  // GPT (UEFI 5.3.2): signature "EFI PART" at the second LBA, AlternateLBA at 32.
  if (cursor.text(512, 8) === 'EFI PART') {
    end = Math.max(end, (cursor.u32le(512 + 32) + cursor.u32le(512 + 36) * 2 ** 32 + 1) * LBA_BYTES);
  }
  return Number.isSafeInteger(end) ? end : 0;
}

/** A disc whose structures are damaged or of no known kind says nothing about its size. */
async function forgive(work: Promise<number>): Promise<number> {
  try {
    return await work;
  } catch (thrown) {
    const isFault =
      thrown instanceof IsodriveError && ['unsupported', 'damaged', 'image-unreadable'].includes(thrown.code);
    if (isFault) return 0;
    throw thrown;
  }
}
