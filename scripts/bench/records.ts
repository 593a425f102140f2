// Measures how fast directory records get from an image into the index, in TypeScript, on one thread.
// As a program: node dist/scripts/bench/records.js IMAGE (or without: an image of 200,000 entries made for it).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT_ROW } from '../../src/index/index-table.js';
import { openImage } from '../../src/image/open-image.js';
import { FULL_SIZES, buildImages } from './images.js';

export interface RecordsMeasurement {
  /** Entries in the index, the root not counted. */
  readonly records: number;
  /** Seconds of one pass, the median; opening the image is part of it. */
  readonly seconds: number;
}

/** Passes that are measured; the one before them loads the code and the page cache. */
const PASSES = 5;

/** Loads the whole tree of an image into a fresh index, several times. Rejects as openImage does. */
export async function measureRecords(imagePath: string): Promise<RecordsMeasurement> {
  let { records } = await measurePass(imagePath);
  const times: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const one = await measurePass(imagePath);
    ({ records } = one);
    times.push(one.seconds);
  }
  times.sort((a, b) => a - b);
  return { records, seconds: times[Math.floor(PASSES / 2)]! };
}

async function measurePass(imagePath: string): Promise<RecordsMeasurement> {
  const started = performance.now();
  await using image = await openImage(imagePath);
  await image.index.load(ROOT_ROW);
  await image.index.prefetch(new AbortController().signal);
  const seconds = (performance.now() - started) / 1000;
  return { records: image.index.table.rowCount - 1, seconds };
}

async function main(imagePath: string | undefined): Promise<void> {
  const folder = imagePath === undefined ? await mkdtemp(join(tmpdir(), 'isodrive-records-')) : undefined;
  try {
    const path = imagePath ?? (await buildSmallBenchmark(folder!));
    const { records, seconds } = await measureRecords(path);
    const rate = Math.round(records / seconds);
    process.stdout.write(`${records} records in ${(seconds * 1000).toFixed(1)} ms: ${rate} a second\n`);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function buildSmallBenchmark(folder: string): Promise<string> {
  const sizes = { ...FULL_SIZES, smallFiles: 20, largeBytes: 1024 * 1024 };
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return (await buildImages(join(folder, 'images'), sizes, say)).many.path;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv[2]);
}
