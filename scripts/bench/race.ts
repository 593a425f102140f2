// The race over image A, and the first walk of image B. Contestants take turns (A B C, A B C, ...), each on a fresh
// mount with cold dentries and its source of bytes in the page cache, so that drifts of the machine hit all of them
// alike.
import { join } from 'node:path';
import type { Contestant, ContestantName, MountedTree } from './contestants.js';
import type { BenchImage, BenchImages } from './images.js';
import { LARGE_NAME } from './images.js';
import { dropEntries, dropEverything, warmFile } from './kernel-caches.js';
import type { Probe, Sample } from './probe.js';

export const RACE_MEASURES = [
  'firstWalk',
  'repeatedWalk',
  'firstWalkMany',
  'smallFiles',
  'sequential',
  'sequentialCold',
  'random1',
  'random4',
] as const;
export type RaceMeasure = (typeof RACE_MEASURES)[number];

/** One figure a repetition, each in the measure's own unit; undefined where the contestant could not be measured. */
export type RaceFigures = Map<ContestantName, Record<RaceMeasure, number[]>>;

export interface RaceOptions {
  readonly contestants: readonly Contestant[];
  readonly images: BenchImages;
  readonly probe: Probe;
  readonly repetitions: number;
  /** Positions read by the one reader, and by each of the four. */
  readonly randomReads: { readonly one: number; readonly each: number };
  /** False without root: then dentries of the native copy cannot be made cold, and it is left out of the walk. */
  readonly mayDropCaches: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface RaceResult {
  readonly figures: RaceFigures;
  /** KiB of read-ahead that each mount had. */
  readonly readAhead: ReadonlyMap<ContestantName, number>;
}

export async function race(options: RaceOptions): Promise<RaceResult> {
  const figures: RaceFigures = new Map();
  const readAhead = new Map<ContestantName, number>();
  for (const { name } of options.contestants) {
    figures.set(name, {
      firstWalk: [],
      repeatedWalk: [],
      firstWalkMany: [],
      smallFiles: [],
      sequential: [],
      sequentialCold: [],
      random1: [],
      random4: [],
    });
  }
  for (let repetition = 1; repetition <= options.repetitions; repetition += 1) {
    for (const contestant of options.contestants) {
      options.say(`repetition ${repetition} of ${options.repetitions}: ${contestant.name}`);
      const record = figures.get(contestant.name)!;
      await measureMetadata(contestant, options, record);
      await measureManyEntries(contestant, options, record);
      await measureSequential(contestant, options, record, (mounted) => {
        if (mounted.readAhead !== undefined) readAhead.set(contestant.name, mounted.readAhead);
      });
      await measureCold(contestant, options, record);
      await measureRandom(contestant, options, record);
    }
  }
  return { figures, readAhead };
}

const perSecond = ({ count, seconds }: Sample): number => count / seconds;
const bytesPerSecond = ({ bytes, seconds }: Sample): number => bytes / seconds;

async function measureMetadata(
  contestant: Contestant,
  options: RaceOptions,
  record: Record<RaceMeasure, number[]>,
): Promise<void> {
  const { probe } = options;
  await prepare(contestant, options, options.images.mixed);
  await using mounted = await contestant.mount(options.images.mixed);
  const isNative = contestant.name === 'native';
  const first = await probe.walk(mounted.directory);
  if (!isNative || options.mayDropCaches) record.firstWalk.push(perSecond(first));
  record.repeatedWalk.push(perSecond(await probe.walk(mounted.directory)));
  const files = join(mounted.directory, 'usr');
  // Dropping the native copy's inodes dropped its data as well: it is read once before it is measured.
  if (isNative) await probe.smallFiles(files);
  record.smallFiles.push(perSecond(await probe.smallFiles(files)));
}

async function measureManyEntries(
  contestant: Contestant,
  options: RaceOptions,
  record: Record<RaceMeasure, number[]>,
): Promise<void> {
  const { many } = options.images;
  if (contestant.name === 'native' && !options.mayDropCaches) return;
  await prepare(contestant, options, many);
  await using mounted = await contestant.mount(many);
  record.firstWalkMany.push(perSecond(await options.probe.walk(mounted.directory)));
}

async function measureSequential(
  contestant: Contestant,
  options: RaceOptions,
  record: Record<RaceMeasure, number[]>,
  inspect: (mounted: MountedTree) => void,
): Promise<void> {
  await prepare(contestant, options, options.images.mixed);
  await using mounted = await contestant.mount(options.images.mixed);
  inspect(mounted);
  const file = join(mounted.directory, LARGE_NAME);
  if (contestant.name === 'native') await warmFile(file);
  record.sequential.push(bytesPerSecond(await options.probe.sequential(file)));
}

/** With no page in memory, neither of the image or native copy nor of what is mounted: what the disk and both give. */
async function measureCold(
  contestant: Contestant,
  options: RaceOptions,
  record: Record<RaceMeasure, number[]>,
): Promise<void> {
  if (!options.mayDropCaches) return;
  await using mounted = await contestant.mount(options.images.mixed);
  await dropEverything();
  record.sequentialCold.push(
    bytesPerSecond(await options.probe.sequential(join(mounted.directory, LARGE_NAME))),
  );
}

async function measureRandom(
  contestant: Contestant,
  options: RaceOptions,
  record: Record<RaceMeasure, number[]>,
): Promise<void> {
  const { one, each } = options.randomReads;
  await prepare(contestant, options, options.images.mixed);
  await using mounted = await contestant.mount(options.images.mixed);
  const file = join(mounted.directory, LARGE_NAME);
  if (contestant.name === 'native') await warmFile(file);
  record.random1.push(perSecond(await options.probe.random(file, 1, 0, one)));
  record.random4.push(perSecond(await options.probe.random(file, 4, one, each)));
}

/** Cold dentries and inodes; the image, or the native copy's metadata blocks, in the page cache. */
export async function prepare(
  contestant: Contestant,
  options: RaceOptions,
  image: BenchImage,
): Promise<void> {
  options.signal.throwIfAborted();
  if (!options.mayDropCaches) {
    await warmFile(image.path);
    return;
  }
  await dropEverything();
  if (contestant.name === 'native') await options.probe.walk(image.tree);
  else await warmFile(image.path);
  await dropEntries();
  if (contestant.name !== 'native') await warmFile(image.path);
}
