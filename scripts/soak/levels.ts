// What a soak must not make grow: memory, threads, descriptors and files, looked at once a minute and judged at the
// end.
import { readFile, readdir } from 'node:fs/promises';
import { median } from '../bench/statistics.js';
import { parentOf } from './soak.js';
import type { Soak } from './soak.js';

/** Name -> value. */
export type LevelSample = Readonly<Record<LevelName, number>>;

const LEVELS = {
  'memory of the daemon, KiB': { share: 0.1, units: 12 * 1024 },
  'memory of the keeper, KiB': { share: 0.1, units: 256 },
  'threads of the daemon': { share: 0, units: 4 },
  'descriptors of the daemon': { share: 0, units: 6 },
  'descriptors of the keeper': { share: 0, units: 2 },
  'files in state and runtime folder': { share: 0, units: 2 },
  'files in the temporary folder': { share: 0, units: 2 },
} as const;
type LevelName = keyof typeof LEVELS;

/** Fewer in the second half say nothing about growth. */
const LEAST_SAMPLES = 10;
/** Standard deviations by which a trend has to stand out: daemons of all ages are looked at, which differ by chance. */
const SIGNIFICANT = 3;

export interface LevelVerdict {
  readonly name: string;
  readonly first: number;
  readonly middle: number;
  readonly last: number;
  /**
   * Growth over the second half, by the median of all slopes, 0 where there is no trend; undefined where there are
   * too few samples.
   */
  readonly growth: number | undefined;
  readonly bound: number;
  readonly isLevel: boolean;
}

/** Memory is the share that is the process's own of what it has mapped (Pss): the program's pages are shared. */
export async function lookAtLevels(soak: Soak): Promise<LevelSample> {
  const daemon = await soak.daemonPid();
  const keeper = await parentOf(daemon);
  const count = async (path: string, isRecursive = false): Promise<number> =>
    (await readdir(path, { recursive: isRecursive })).length;
  return {
    'memory of the daemon, KiB': await readPss(daemon),
    'memory of the keeper, KiB': await readPss(keeper),
    'threads of the daemon': await count(`/proc/${daemon}/task`),
    'descriptors of the daemon': await count(`/proc/${daemon}/fd`),
    'descriptors of the keeper': await count(`/proc/${keeper}/fd`),
    'files in state and runtime folder':
      (await count(soak.logFolder, true)) +
      (await count(soak.metadataFolder, true)) +
      (await count(soak.runtimeFolder, true)),
    'files in the temporary folder': await count(soak.temporary, true),
  };
}

async function readPss(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/mu.exec(text)![1]);
}

export function judgeLevels(samples: readonly LevelSample[]): LevelVerdict[] {
  return (Object.keys(LEVELS) as LevelName[]).map((name) => {
    const values = samples.map((sample) => sample[name]);
    const half = values.slice(Math.floor(values.length / 2));
    const growth = half.length < LEAST_SAMPLES ? undefined : growthOf(half);
    const middle = median(half) ?? 0;
    const bound = Math.max(LEVELS[name].share * middle, LEVELS[name].units);
    const isLevel = growth === undefined || growth <= bound;
    const ends = { first: values.at(0) ?? 0, last: values.at(-1) ?? 0 };
    return { name, ...ends, middle, growth, bound: Math.round(bound), isLevel };
  });
}

/** Of all of them; 0 unless more pairs grow than chance has grow (the test of Mann and Kendall). */
function growthOf(values: readonly number[]): number {
  const count = values.length;
  let growing = 0;
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 1; j < count; j += 1) growing += Math.sign(values[j]! - values[i]!);
  }
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return growing > SIGNIFICANT * deviation ? Math.round(medianSlope(values) * (count - 1)) : 0;
}

/** The estimate of Theil and Sen, which single samples do not move: a daemon that has just started is small. */
function medianSlope(values: readonly number[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    for (let j = i + 1; j < values.length; j += 1) slopes.push((values[j]! - values[i]!) / (j - i));
  }
  return median(slopes) ?? 0;
}
