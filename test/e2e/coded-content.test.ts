// Compressed content of a mounted image: native threads answer from decoded units, a damaged block fails alone, and a
// daemon that is killed or upgraded costs readers a pause.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun, runCommand } from '../../scripts/support/run-command.js';
import { makeImage, makeZisofs, zf } from '../support/builders/zisofs-builder.js';
import type { ZisofsSpec } from '../support/builders/zisofs-builder.js';
import { hasEnded } from '../support/programs/has-ended.js';
import { PrivateIsodrive, waitUntil } from '../support/programs/private-isodrive.js';

const SPEC: ZisofsSpec = { version: 1, algorithm: 'zlib', blockShift: 15 };
const BLOCK = 2 ** SPEC.blockShift;
const CONTENT = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => String(i * 7919)).join(' ')).subarray(
  0,
  300 * BLOCK + 777,
);
const DIGEST = createHash('sha256').update(CONTENT).digest('hex');
/** Times that the file is read while the daemon is killed, and how often it is. */
const READS = 6;
const KILLS = 5;

describe('Compressed content of a mounted image', () => {
  let isodrive: PrivateIsodrive;
  let image: string;

  beforeEach(async () => {
    isodrive = await PrivateIsodrive.start({ env: { ISODRIVE_UNIT_MEMORY: '2' } });
    image = join(isodrive.folder, 'packed.iso');
    await writeFile(image, makeImage(makeZisofs(CONTENT, SPEC), zf(SPEC, CONTENT.length)));
  });
  afterEach(() => isodrive[Symbol.asyncDispose]());

  const counters = async (): Promise<{ reads: number; decodedReads: number }> => {
    await using client = await isodrive.connect();
    const { mounts } = await client.call('status', {});
    const [found] = mounts;
    return found!.counters!;
  };

  it('is right in order and at random, and JavaScript is waited for by some of the reads', async () => {
    const { mountPoint } = await isodrive.mount(image, { driver: 'fuse' });
    const path = join(mountPoint, 'packed');
    const { stdout } = await mustRun('sha256sum', [path]);
    expect(stdout.toString().split(' ')[0]).toBe(DIGEST);
    for (const [position, length] of [
      [0, 1],
      [BLOCK - 1, 2],
      [17 * BLOCK + 5, 3 * BLOCK],
      [CONTENT.length - 10, 10],
    ] as const) {
      const direct = ['iflag=direct,skip_bytes,count_bytes', `skip=${position}`, `count=${length}`, 'bs=1M'];
      const read = await mustRun('dd', [`if=${path}`, ...direct, 'status=none']);
      expect(read.stdout.equals(CONTENT.subarray(position, position + length))).toBe(true);
    }
    const { reads, decodedReads } = await counters();
    expect(decodedReads).toBeGreaterThan(0);
    expect(decodedReads).toBeLessThan(reads);
  });

  it('fails where a block is damaged, and nowhere else', async () => {
    const stored = makeZisofs(CONTENT, SPEC);
    const start = stored.readUInt32LE(16 + 4 * 20);
    stored.fill(0xff, start + 10, start + 20);
    await writeFile(image, makeImage(stored, zf(SPEC, CONTENT.length)));
    const { mountPoint } = await isodrive.mount(image, { driver: 'fuse' });
    const path = join(mountPoint, 'packed');
    const readBlock = (block: number): ReturnType<typeof runCommand> =>
      runCommand('dd', [`if=${path}`, `bs=${BLOCK}`, `skip=${block}`, 'count=1', 'status=none']);
    const failed = await readBlock(20);
    expect(failed.stderr).toContain('Input/output error');
    for (const block of [0, 19, 21, 22]) {
      const { stdout } = await readBlock(block);
      expect(stdout.equals(CONTENT.subarray(block * BLOCK, (block + 1) * BLOCK))).toBe(true);
    }
  });

  it('is read on while the daemon is killed and upgraded', { timeout: 240_000 }, async () => {
    const { mountPoint } = await isodrive.mount(image, { driver: 'fuse' });
    const path = join(mountPoint, 'packed');
    const readers = Promise.all(
      Array.from({ length: 3 }, async () => {
        // Past the page cache, so that every pass asks the daemon.
        const script = `for i in $(seq ${READS}); do dd if="$1" bs=100k iflag=direct status=none | sha256sum; done`;
        const { stdout } = await mustRun('sh', ['-c', script, 'sh', path], { timeout: 200_000 });
        return stdout.toString().trim().split('\n');
      }),
    );
    readers.catch(() => undefined);
    for (let i = 0; i < KILLS; i += 1) {
      const { pid } = await isodrive.daemon.status();
      if (i % 2 === 0) process.kill(pid, 'SIGKILL');
      else await isodrive.daemon.must('daemon', 'upgrade');
      await waitUntil(() => hasEnded(pid));
    }
    const sums = (await readers).flat();
    expect(sums).toHaveLength(3 * READS);
    expect(sums.filter((sum) => sum.slice(0, 64) !== DIGEST)).toEqual([]);
  });
});
