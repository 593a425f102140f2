// npm run limits -- [--jobs N] [IMAGE or FOLDER...]: what each image costs ls, info, map, verify, extract, and the
// daemon that it is mounted by, against the bounds of bounds.ts. Ends with 1 when one is exceeded.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MAX_RUNS } from '../../src/filesystem/udf/extent-list.js';
import { packageRoot } from '../../src/protocol/package-info.js';
import { secondsBound, shareOf } from './bounds.js';
import type { Measured } from './bounds.js';
import { findImages } from './find-images.js';
import { ImageMeter } from './measure-image.js';
import { findWrongContent } from './check-content.js';
import { writeLargeImage } from './written-images.js';
import { EXTENTS_FILE, writeManyExtents } from './written-udf.js';

const USAGE = `Usage: npm run limits -- [--large] [--jobs N] [IMAGE or FOLDER...]
  --large   a disc of five million entries, and one of UDF with a file in 262,144 extents, which are written for it: all
            must end well, whatever memory the entries take, and the file must have its bytes however it is read
  --jobs N  images at the same time (default 1)
Without an image: test/corpus, the shared corpus at ISODRIVE_CORPUS or ../shared/corpus where it is, and the images in
faults/inputs beside that; those that are packed (gzip, xz) are unpacked. extract writes to memory (/dev/shm) where there
is room: what a disk's file system takes to make files is not measured.
`;
/** Lines of the table. */
const SHOWN = 10;
const MIB = 1024 * 1024;
const MAX_JOBS = 16;
/** The largest good discs have as many. */
const LARGE_ENTRIES = 5_000_000;

function formatLine(measured: Measured): string {
  const { image, imageBytes, task, end, cpuSeconds, memoryBytes } = measured;
  const share = (100 * shareOf(measured)).toFixed(0).padStart(4);
  const seconds = `${cpuSeconds.toFixed(1)} of ${secondsBound(imageBytes).toFixed(1)} s`;
  const memory = `${(memoryBytes / MIB).toFixed(0)} MiB`;
  return `${share} %  ${task.padEnd(14)}${seconds.padEnd(18)}${memory.padEnd(10)}ended with ${end.padEnd(18)}${image}\n`;
}

function defaultPlaces(project: string): string[] {
  const shared = process.env.ISODRIVE_CORPUS ?? resolve(project, '..', 'shared', 'corpus');
  // Images that once showed a fault lie beside it, most of them packed.
  const inputs = join(dirname(shared), 'faults', 'inputs');
  return [join(project, 'test', 'corpus'), shared, inputs].filter((place) => existsSync(place));
}

async function measureAll(project: string, images: readonly string[], jobs: number): Promise<Measured[]> {
  const waiting = [...images];
  const all: Measured[] = [];
  const work = async (): Promise<void> => {
    await using meter = await ImageMeter.start(project);
    for (let image = waiting.shift(); image !== undefined; image = waiting.shift()) {
      const measured = await meter.measure(image);
      all.push(...measured);
      for (const one of measured) if (shareOf(one) > 1) process.stderr.write(formatLine(one));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, images.length) }, work));
  return all;
}

/** Prints what one of the large discs costs; a task that does not end well makes this program fail. */
async function measureLargeImage(project: string, image: string, without: readonly string[]): Promise<void> {
  await using meter = await ImageMeter.start(project);
  for (const measured of await meter.measure(image, without)) {
    process.stdout.write(formatLine(measured));
    if (measured.end !== '0') process.exitCode = 1;
  }
}

async function measureLarge(project: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'isodrive-large-'));
  try {
    const entries = join(folder, 'large.iso');
    writeLargeImage(entries, LARGE_ENTRIES);
    await measureLargeImage(project, entries, ['extract', 'verify']);
    rmSync(entries);
    const extents = join(folder, 'extents.udf');
    const sha256 = writeManyExtents(extents, MAX_RUNS);
    // What `verify` compares with.
    execFileSync('sh', ['-c', 'sha256sum extents.udf > extents.udf.sha256'], { cwd: folder });
    await measureLargeImage(project, extents, []);
    for (const way of await findWrongContent(project, {
      folder,
      image: extents,
      name: EXTENTS_FILE,
      sha256,
    })) {
      process.stdout.write(`${way}: not the bytes that were written\n`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      large: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const jobs = Number(values.jobs);
  if (values.help || !Number.isInteger(jobs) || jobs < 1 || jobs > MAX_JOBS) {
    process.stderr.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const project = packageRoot();
  if (values.large) {
    await measureLarge(project);
    return;
  }
  const places = positionals.length > 0 ? positionals.map((place) => resolve(place)) : defaultPlaces(project);
  const images = findImages(places);
  const all = await measureAll(project, images, jobs);
  const worst = all.sort((a, b) => shareOf(b) - shareOf(a)).slice(0, SHOWN);
  process.stdout.write(
    `The worst ${worst.length} of ${all.length} measurements of ${images.length} images:\n`,
  );
  for (const one of worst) process.stdout.write(formatLine(one));
  const exceeding = all.filter((one) => shareOf(one) > 1);
  process.stdout.write(`${exceeding.length} exceed their bound\n`);
  for (const one of exceeding) process.stdout.write(formatLine(one));
  process.exitCode = exceeding.length === 0 ? 0 : 1;
}

await main();
