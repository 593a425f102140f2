// Checksums that stand on the disc but in none of its files: implantisomd5's, and the tags of libisofs.
import { countBytes } from '../../base/byte-count.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { ByteRange } from '../../source/rescue-map/rescue-map.js';
import { isBadPlace } from '../create/medium-fault.js';
import type { Check } from './check.js';
import { ImplantedMd5, readImplantedSum } from './implanted-md5.js';
import { findChecksumTags } from './libisofs-tags.js';
import type { ChecksumTag } from './libisofs-tags.js';
import { RangeHash } from './range-hash.js';
import type { Evidence, VerifyContext } from './evidence.js';

/** Paths told of a mismatch that may be about the whole disc. */
const MAX_FILES = 100;

export async function gatherImplanted(context: VerifyContext): Promise<Evidence[]> {
  const { image, options } = context;
  const sum = await readImplantedSum(image.source, options.signal).catch((thrown: unknown) => {
    if (isBadPlace(thrown)) return undefined;
    throw thrown;
  });
  if (sum === undefined) return [];
  const consumer = new ImplantedMd5(sum);
  const base = { kind: 'implanted-md5', evidence: 'implantisomd5', subject: 'image' } as const;
  const finish = (): Check[] => {
    const verdict = consumer.finish();
    if (verdict === undefined) {
      const files = namePaths(context, consumer.unreadable);
      return [{ ...base, status: 'unreadable', detail: describeUnreadable(consumer.unreadable), files }];
    }
    if (verdict.isRight)
      return [{ ...base, status: 'ok', detail: `md5 of the first ${countBytes(sum.size)} agrees` }];
    const { position, size } = verdict.where!;
    const detail = `md5 differs, first between byte ${position} and byte ${position + size}`;
    return [{ ...base, status: 'mismatch', detail, files: namePaths(context, [verdict.where!]) }];
  };
  return [{ consumers: [consumer], finish }];
}

export async function gatherTags(context: VerifyContext): Promise<Evidence[]> {
  const tags = await findChecksumTags(context.image.source, context.options.signal);
  return tags.map((tag) => {
    const hash = new RangeHash('md5', tag.start, tag.end);
    return { consumers: [hash], finish: () => [judgeTag(context, tag, hash)] };
  });
}

function judgeTag(context: VerifyContext, tag: ChecksumTag, hash: RangeHash): Check {
  const evidence = `libisofs tag in sector ${tag.sector}`;
  const base = { kind: 'libisofs', evidence, subject: tag.title } as const;
  if (!tag.isIntact) return { ...base, status: 'mismatch', detail: 'the tag itself is damaged' };
  const digest = hash.finish();
  const sectors = `sectors ${tag.start / SECTOR_SIZE} to ${tag.end / SECTOR_SIZE - 1}`;
  if (digest === undefined) {
    const files = namePaths(context, hash.unreadable);
    return { ...base, status: 'unreadable', detail: describeUnreadable(hash.unreadable), files };
  }
  if (digest === tag.md5) return { ...base, status: 'ok', detail: `md5 of ${sectors} agrees` };
  return { ...base, status: 'mismatch', detail: `md5 of ${sectors} is ${digest}, expected ${tag.md5}` };
}

function describeUnreadable(ranges: readonly ByteRange[]): string {
  if (ranges.length === 0) return 'the image ends before it';
  const bytes = ranges.reduce((sum, { size }) => sum + size, 0);
  return `${countBytes(bytes)} cannot be read, the first at byte ${ranges[0]!.position}`;
}

function namePaths({ extents }: VerifyContext, ranges: readonly ByteRange[]): string[] {
  return extents
    .filesIn(ranges)
    .slice(0, MAX_FILES)
    .map(({ path }) => path);
}
