// isodrive-keeper --watch, which a daemon under systemd has: what it says of one that was killed and cannot die.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustRun } from '../../scripts/support/run-command.js';
import { keeperProgram } from '../../src/protocol/start-daemon.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { mountBadSector } from '../support/fakes/bad-sector-mount.js';
import { needs } from '../support/needs.js';

const MANAGER = join(import.meta.dirname, '..', 'support', 'fakes', 'service-manager.py');
const keeper = { what: 'isodrive-keeper', isThere: existsSync(keeperProgram()) };

describe('The watch of a daemon under systemd', needs(keeper, 'root', 'python3', 'xorriso'), () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isodrive-watch-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('takes the place of one that was killed and cannot die, and ends so that a successor is started', async () => {
    const { image } = await makeSampleImage(folder, { small: 10 });
    await using medium = await mountBadSector(image, join(folder, 'medium'), 0, 0, 'flush');
    const words = [MANAGER, keeperProgram(), join(folder, 'notify'), medium.image, `${image}.hang`];
    const { stdout } = await mustRun('python3', words, { timeout: 40_000 });
    expect(stdout.toString()).toBe('MAINPID True 75 True\n');
  });
});
