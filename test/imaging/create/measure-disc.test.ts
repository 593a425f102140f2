// What says how far a disc reaches, and what says nothing of sectors at all.
import { describe, expect, it } from 'vitest';
import { measureDisc } from '../../../src/imaging/create/measure-disc.js';
import { FaultySource } from '../../support/fakes/faulty-source.js';

describe('measureDisc', () => {
  it('refuses a sheet, whose sectors are in other files', async () => {
    const sheet = new FaultySource(
      Buffer.from('FILE "one.bin" BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\n'),
    );
    await expect(measureDisc(sheet)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('whose sectors are in other files') as string,
      action: expect.stringContaining('isodrive extract --tree image') as string,
    });
  });

  it('finds nothing in bytes of no kind', async () => {
    expect(await measureDisc(new FaultySource(Buffer.alloc(100_000, 1)))).toBe(0);
  });
});
