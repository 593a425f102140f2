// What the addon shows and keeps, when the collector runs between all calls.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { tryToLoadAddon } from '../../src/io/load-addon.js';
import { needs } from '../support/needs.js';

const SUPPORT = join(import.meta.dirname, '..', 'support');
const PROGRAM = join(SUPPORT, 'programs', 'collect-between-calls.mjs');
const addon = tryToLoadAddon();

describe('The addon', needs({ what: 'the addon', isThere: addon !== undefined }), () => {
  it('bears a collection of garbage between any two of its calls', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM], {
      timeout: 60_000,
    });
    expect(JSON.parse(stdout)).toEqual(Object.keys(addon!).sort());
  });

  it('tells nothing to a thread of JavaScript that has ended meanwhile, and closes what it would have given', async () => {
    const program = join(SUPPORT, 'programs', 'end-while-told.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [program, '20'], { timeout: 60_000 });
    expect(stdout).toBe('done');
  });
});
