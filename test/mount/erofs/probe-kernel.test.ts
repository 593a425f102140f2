// The trial of a kernel where it cannot even begin.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MetadataFolder } from '../../../src/mount/erofs/metadata-folder.js';
import { probeKernel } from '../../../src/mount/erofs/probe-kernel.js';
import { tryToLoadAddon } from '../../../src/io/load-addon.js';
import { needs } from '../../support/needs.js';

const addon = tryToLoadAddon();

describe('probeKernel', needs({ what: 'the addon', isThere: addon !== undefined }), () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-no-probe-'));
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it('leaves nothing where its files cannot be made', async () => {
    await expect(probeKernel(addon!, new MetadataFolder('/dev/null/metadata'))).rejects.toThrow('ENOTDIR');
    expect(await readdir(folder)).toEqual([]);
  });
});
