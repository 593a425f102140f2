// What public reports and other programs' tests found wrong with HFS, HFS+ and FAT, each with the value that is right.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readFaultInput } from '../support/fault-input.js';
import { readFileContent } from '../support/file-content.js';
import { openBytes } from '../support/opened-bytes.js';

const SHA1 = {
  '/lzvn.txt': [80_000, '7cd12cc60c329f5d8641ad3aa6132a094e870b77'],
  '/lzfse.txt': [150_000, 'dc177fb2c9db77527b7e4052db576dd3b99191ef'],
  '/zlib.txt': [150_000, 'dc177fb2c9db77527b7e4052db576dd3b99191ef'],
} as const;

describe('a file that macOS compressed', () => {
  it.each(Object.entries(SHA1))('%s has the content that macOS shows', async (path, [size, sum]) => {
    await using image = await openBytes(await readFaultInput('decmpfs-real.img'));
    const content = await readFileContent(image, path);
    expect([content.length, createHash('sha1').update(content).digest('hex')]).toEqual([size, sum]);
    expect(image.findings.findings).toEqual([]);
  });
});
