// Driver fuse where native threads cannot answer reads: sources without a descriptor. The mount asks this process's
// event loop for content, so nothing here may touch it synchronously: other processes look at it.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { IsodriveError } from '../../src/base/error.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { LocalImage } from '../../src/mount/local-image.js';
import type { ActiveMount } from '../../src/mount/mount-driver.js';
import type { ByteSource } from '../../src/source/byte-source.js';
import { memoryImage } from '../support/fakes/memory-tree.js';
import type { MemoryImage, MemoryImageOptions, TestNode } from '../support/fakes/memory-tree.js';
import { needs } from '../support/needs.js';

const run = promisify(execFile);
const driver = createFuseDriver();
const { available } = await driver.check();
/** More than one request of the kernel, and no multiple of anything. */
const LARGE = Buffer.alloc(5_000_001, 'content of a file that takes several requests; ');
const CONTENT_START = 2048;

let directory: string;
let active: ActiveMount | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'isodrive-content-'));
});
afterEach(async () => {
  await active?.unmount({ lazy: true });
  await active?.ended;
  active = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function makeImage(children: readonly TestNode[], options: MemoryImageOptions = {}): Promise<MemoryImage> {
  return memoryImage(children, { ...options, memory: driver.createMemory() });
}

async function mount(image: MemoryImage, source: ByteSource = image.source): Promise<ActiveMount> {
  const request = { directory, sourceName: 'memory.iso', label: 'MEMORY', allowOther: false };
  active = await driver.mount({
    ...request,
    image: new LocalImage({ index: image.index, data: PlanStream.plain(source) }),
  });
  return active;
}

async function shell(script: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `cd "$1" && ${script}`, 'sh', directory], { timeout: 20_000 });
  return stdout;
}

/** A source whose reads of content wait until they are cancelled, and tells how many do. */
class WaitingSource implements ByteSource {
  readonly name = 'waiting.iso';
  readonly size: number;
  waiting = 0;
  cancelled = 0;
  #onChange: () => void = () => undefined;

  constructor(size: number) {
    this.size = size;
  }

  read(_target: Uint8Array, _position: number, signal?: AbortSignal): Promise<number> {
    this.waiting += 1;
    this.#onChange();
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => {
        this.cancelled += 1;
        reject(new IsodriveError('cancelled', 'Cancelled'));
        this.#onChange();
      });
    });
  }

  /** Resolves when `isReached` holds. */
  async until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

describe('driver fuse without a descriptor', needs({ what: 'driver fuse', isThere: available }), () => {
  it('refuses names that are longer than statfs says', async () => {
    await mount(await makeImage([{ type: 'file', name: 'a', content: 'a' }]));
    const long = 'x'.repeat(256);
    expect(await shell(`stat ${long} 2>&1 || true`)).toContain('File name too long');
    expect(await shell(`stat ${long.slice(1)} 2>&1 || true`)).toContain('No such file');
  });

  it('shows content, whole and in parts, up to the end of the file and no further', async () => {
    await mount(
      await makeImage([
        { type: 'file', name: 'large', content: LARGE },
        { type: 'file', name: 'small', content: 'small' },
        { type: 'file', name: 'empty', content: '' },
      ]),
    );
    const sum = createHash('sha256').update(LARGE).digest('hex');
    expect(await shell('sha256sum < large')).toContain(sum);
    expect(await shell('cat small empty')).toBe('small');
    expect(await shell('tail -c 7 large')).toBe(LARGE.subarray(-7).toString());
    expect(await shell('dd if=large bs=1000 skip=4999 2>/dev/null | wc -c')).toBe('1001\n');
  });

  it('reads holes as zeros', async () => {
    const extents = [
      { offset: 2048, length: 3 },
      { offset: undefined, length: 100_000 },
      { offset: 2049, length: 2 },
    ];
    await mount(
      await makeImage([
        { type: 'file', name: 'data', content: 'abc' },
        { type: 'file', name: 'sparse', extents },
      ]),
    );
    expect(await shell("tr '\\0' . < sparse | tr -s .")).toBe('abc.bc');
  });

  it('fails reads that need a bad byte, and no others', async () => {
    const badByte = CONTENT_START + 3_000_000;
    await mount(await makeImage([{ type: 'file', name: 'large', content: LARGE }], { badByte }));
    await expect(shell('cat large > /dev/null')).rejects.toMatchObject({
      stderr: expect.stringContaining('Input/output error') as unknown,
    });
    expect(await shell('head -c 1000 large | wc -c')).toBe('1000\n');
    expect(await shell('tail -c 1000 large | wc -c')).toBe('1000\n');
  });

  it('answers many readers at once', async () => {
    const files = Array.from({ length: 40 }, (_, i) => ({
      type: 'file' as const,
      name: `f${i}`,
      content: String(i).repeat(100_000),
    }));
    await mount(await makeImage(files));
    const sizes = await shell('for f in *; do wc -c < $f & done; wait');
    const expected = files.map(({ content }) => content.length).sort();
    expect(sizes.trim().split('\n').map(Number).sort()).toEqual(expected);
  });

  it('lets go of a reader that is killed, and cancels its read', async () => {
    const image = await makeImage([{ type: 'file', name: 'large', content: LARGE }]);
    const source = new WaitingSource(image.source.size);
    await mount(image, source);
    // Past the page cache: the kernel never calls off what it reads ahead.
    const parameters = [`if=${join(directory, 'large')}`, 'iflag=direct', 'bs=4096', 'count=1'];
    const reader = spawn('dd', parameters, { stdio: 'ignore' });
    await source.until(() => source.waiting > 0);
    reader.kill('SIGKILL');
    const [code, signal] = (await once(reader, 'close')) as [number | null, string | null];
    expect([code, signal]).toEqual([null, 'SIGKILL']);
    await source.until(() => source.cancelled > 0);
  });

  it('ends while reads wait, and cancels them', async () => {
    const image = await makeImage([{ type: 'file', name: 'large', content: LARGE }]);
    const source = new WaitingSource(image.source.size);
    const mounted = await mount(image, source);
    const readers = Array.from({ length: 20 }, () =>
      spawn('head', ['-c', '1', join(directory, 'large')], { stdio: 'ignore' }),
    );
    await source.until(() => source.waiting > 0);
    await mounted.unmount({ lazy: true });
    const closed = readers.map((reader) => once(reader, 'close'));
    readers.forEach((reader) => reader.kill('SIGKILL'));
    await Promise.all(closed);
    expect(await mounted.ended).toEqual({ reason: 'unmounted' });
    await source.until(() => source.cancelled === source.waiting);
    active = undefined;
  });
});
