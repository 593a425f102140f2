// A window over a stream: what is read at once, and that a fault beside the bytes that are wanted spoils none.
import { describe, expect, it } from 'vitest';
import { PlanStream } from '../../src/disc/plan-stream.js';
import { WindowSource } from '../../src/image/window-source.js';
import { patternedBytes } from '../support/fakes/drive.js';
import { FaultySource } from '../support/fakes/faulty-source.js';

const CONTENT = patternedBytes(20_480);

describe('a window over a stream', () => {
  it('reads once what small reads take from it', async () => {
    const source = new FaultySource(CONTENT);
    const window = new WindowSource(source);
    for (const position of [0, 4096, 10_000]) {
      const bytes = Buffer.alloc(512);
      expect(await window.read(bytes, position)).toBe(512);
      expect(bytes.equals(CONTENT.subarray(position, position + 512))).toBe(true);
    }
    expect(source.reads.length).toBe(1);
  });

  it('gives bytes beside a bad place, and beside what the image does not hold', async () => {
    const bad = new FaultySource(CONTENT);
    bad.bad = [8192, 8193];
    const run = { kind: 'bytes', base: 0, offset: 0, unit: 2048, stride: 2048 } as const;
    const segments = [
      { ...run, start: 0, length: 8192 },
      { kind: 'absent', start: 8192, length: 8192 },
    ] as const;
    for (const source of [bad, new PlanStream('disc', segments, [new FaultySource(CONTENT)])]) {
      const window = new WindowSource(source);
      const bytes = Buffer.alloc(2048);
      expect(await window.read(bytes, 6144)).toBe(2048);
      expect(bytes.equals(CONTENT.subarray(6144, 8192))).toBe(true);
      await expect(window.read(bytes, 8192)).rejects.toMatchObject({
        code: source === bad ? 'image-unreadable' : 'damaged',
      });
    }
  });
});
