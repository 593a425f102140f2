// The soak itself, one round with a fixed seed: readers go on, every kind of event happens or is named as not
// available, and nothing is left behind. Its order, its options and its judgement of levels, on their own.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { SOAK_EVENTS } from '../../scripts/soak/event-table.js';
import { judgeLevels } from '../../scripts/soak/levels.js';
import type { LevelSample } from '../../scripts/soak/levels.js';
import { parseSoakOptions } from '../../scripts/soak/options.js';
import { planEvents } from '../../scripts/soak/plan.js';
import { readMountTable } from '../../src/mount/mount-table.js';
import { needs } from '../support/needs.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'scripts', 'soak', 'main.js');
/** Milliseconds: a round takes a minute where nobody else wants the processors. */
const PATIENCE = 900_000;
const NAMES = SOAK_EVENTS.map(({ name }) => name);

describe('The soak', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-soak-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const soak = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, TMPDIR: folder },
      timeout: PATIENCE,
    });

  it(
    'has every kind of event happen under readers that go on, and leaves nothing behind',
    { ...needs('xorriso'), timeout: PATIENCE },
    async () => {
      const { status, stdout, stderr } = await soak('--minutes', '0', '--seed', '7');
      const text = stdout.toString();
      expect(`${text}${stderr}`).not.toMatch(/FAILED|did not come back/u);
      expect(text).toMatch(/ 0 failed reads, 0 wrong bytes, 0 expectations not held, 0 things left behind/u);
      expect(status).toBe(0);
      for (const name of NAMES)
        expect(text).toMatch(new RegExp(`^\\| ${name} \\| (1 \\| 0|not available: .+) \\|`, 'mu'));
      const counts = [...text.matchAll(/^\| \w+ by \w+ \| (\d+) \|/gmu)].map(([, count]) => Number(count));
      expect(counts.length).toBeGreaterThanOrEqual(3);
      expect(Math.min(...counts)).toBeGreaterThan(2 * NAMES.length);
      expect(readMountTable().filter(({ directory }) => directory.startsWith(folder))).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('refuses an event that it does not have', async () => {
    const { status, stderr } = await soak('--events', 'kill-daemon,nobody');
    expect(status).toBe(2);
    expect(stderr).toContain('Found event "nobody", expected some of kill-daemon, ');
  });

  it('names all events in its help', async () => {
    const { status, stdout } = await soak('--help');
    expect(status).toBe(0);
    for (const name of NAMES) expect(stdout.toString()).toContain(`\n  ${name} `);
  });

  it.each([
    [['--minutes', 'ten'], 'Found "ten" minutes, expected 0 to 10080'],
    [['--seed', '0'], 'Found seed "0", expected a whole number from 1 to 4294967295'],
    [['--events', ''], `Found event "", expected some of a, b`],
  ])('says what is wrong with %s', (args, complaint) => {
    expect(parseSoakOptions(args, ['a', 'b'])).toEqual({ complaint });
  });

  it('has the same events with the same parameters for the same seed, all of them in each round', () => {
    const take = (seed: number): [string, number][] => {
      const plan = planEvents(['a', 'b', 'c', 'd'], seed);
      return Array.from({ length: 12 }, () => {
        const { event, random } = plan.next().value as { event: string; random: { next(): number } };
        return [event, random.next()];
      });
    };
    expect(take(5)).toEqual(take(5));
    expect(take(5)).not.toEqual(take(6));
    const names = take(5).map(([name]) => name);
    for (const round of [0, 4, 8]) expect(names.slice(round, round + 4).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('calls a level that grows growing, and one that jumps about level', () => {
    const sample = (i: number): LevelSample => ({
      'memory of the daemon, KiB': 60_000 + 1000 * i,
      'memory of the keeper, KiB': 500,
      'threads of the daemon': 40 + ((i * 7) % 17),
      'descriptors of the daemon': 47,
      'descriptors of the keeper': 15 + Math.floor(i / 4),
      'files in state and runtime folder': 14,
      'files in the temporary folder': 0,
    });
    const growing = (count: number): string[] =>
      judgeLevels(Array.from({ length: count }, (_, i) => sample(i)))
        .filter(({ isLevel }) => !isLevel)
        .map(({ name }) => name);
    expect(growing(60)).toEqual(['memory of the daemon, KiB', 'descriptors of the keeper']);
    expect(growing(12)).toEqual([]);
  });
});
