// UDF volumes with random bytes changed: read as far as they go or refused with an error of ours, in bounded time.
import { describe, expect, it } from 'vitest';
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';
import { IsodriveError } from '../../../src/base/error.js';
import { openBytes } from '../../support/judges/opened-bytes.js';
import { listImage } from '../../support/judges/index-manifest.js';
import {
  FREE_BLOCK,
  PARTITION_START,
  buildUdf,
  directory,
  fileEntry,
  identifier,
  longExtent,
  shortExtent,
  textFile,
} from '../../../scripts/support/udf-builder.js';

const IMAGES = 60;
/** Sectors whose bytes are changed: anchor, descriptors, and the blocks of the partition that hold something. */
const TARGETS = [
  32,
  33,
  34,
  256,
  ...Array.from({ length: FREE_BLOCK + 6 }, (_, block) => PARTITION_START + block),
];

function buildSubject(): Uint8Array {
  const [file, folder, link, large] = [FREE_BLOCK, FREE_BLOCK + 1, FREE_BLOCK + 2, FREE_BLOCK + 3];
  const target = Buffer.from([5, 2, 0, 0, 8, 0x66]);
  const allocation = Buffer.concat([
    longExtent(2048, 100),
    longExtent(2048, 0, 0, 1),
    longExtent(2048, 20, 0, 3),
  ]);
  return buildUdf({
    root: [
      identifier('file', file),
      identifier('folder', folder, { characteristics: 2 }),
      identifier('link', link),
      identifier('large', large),
    ],
    blocks: {
      [file]: textFile(file, 'text'),
      [folder]: directory(folder, 1, [
        identifier('inner', file),
        identifier('up', 1, { characteristics: 2 }),
      ]),
      [link]: fileEntry({ block: link, fileType: 12, allocation: target, size: target.length }),
      [large]: fileEntry({ block: large, kind: 1, allocation, size: 100_000 }),
      20: shortExtent(2048, 21, 3),
    },
  });
}

/** Some changes keep the checksum of their tag good, so that what stands behind it is reached. */
function mutate(bytes: Uint8Array, random: PseudoRandom): void {
  const changes = random.between(1, 24);
  for (let change = 0; change < changes; change += 1) {
    const sector = TARGETS[random.between(0, TARGETS.length - 1)]!;
    const at = sector * 2048 + random.between(0, 511);
    bytes[at] = random.between(0, 3) === 0 ? 0xff : random.between(0, 255);
    const head = bytes.subarray(sector * 2048, sector * 2048 + 16);
    if (random.between(0, 1) === 1) head[4] = (head.reduce((sum, byte) => sum + byte, 0) - head[4]!) & 0xff;
  }
}

describe('A UDF volume with random bytes changed', () => {
  it.each(Array.from({ length: IMAGES }, (_, seed) => seed + 1))('is survived, seed %i', async (seed) => {
    const bytes = buildSubject();
    mutate(bytes, new PseudoRandom(seed));
    try {
      await using image = await openBytes(bytes);
      const entries = await listImage(image, { hashLimit: 1_048_576 });
      expect(entries.length).toBeGreaterThan(0);
      expect(entries.length).toBeLessThan(100_000);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(IsodriveError);
      expect(['damaged', 'unsupported', 'image-unreadable']).toContain((thrown as IsodriveError).code);
      expect((thrown as IsodriveError).message).toMatch(/expected/);
    }
  });
});
