// npm run limits -- [--jobs N] [IMAGE or FOLDER...]: what each image costs ls, info, verify, extract, and the daemon that it
// is mounted by, against the bounds of bounds.ts. Ends with 1 when one is exceeded.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/protocol/package-info.js';
import { secondsBound, shareOf } from './bounds.js';
import type { Measured } from './bounds.js';
import { findImages } from './find-images.js';
import { ImageMeter } from './measure-image.js';

const USAGE = `Usage: npm run limits -- [--jobs N] [IMAGE or FOLDER...]
  --jobs N  images at the same time (default 1)
Without an image: test/corpus, and the shared corpus at ISODRIVE_CORPUS or ../shared/corpus where it is.
`;
/** Lines of the table. */
const SHOWN = 10;
const MIB = 1024 * 1024;
const MAX_JOBS = 16;

function formatLine(measured: Measured): string {
  const { image, imageBytes, task, end, cpuSeconds, memoryBytes } = measured;
  const share = (100 * shareOf(measured)).toFixed(0).padStart(4);
  const seconds = `${cpuSeconds.toFixed(1)} of ${secondsBound(imageBytes).toFixed(1)} s`;
  const memory = `${(memoryBytes / MIB).toFixed(0)} MiB`;
  return `${share} %  ${task.padEnd(14)}${seconds.padEnd(18)}${memory.padEnd(10)}ended with ${end.padEnd(18)}${image}\n`;
}

function defaultPlaces(project: string): string[] {
  const shared = process.env.ISODRIVE_CORPUS ?? resolve(project, '..', 'shared', 'corpus');
  return [join(project, 'test', 'corpus'), shared].filter((place) => existsSync(place));
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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { jobs: { type: 'string', default: '1' }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const jobs = Number(values.jobs);
  if (values.help || !Number.isInteger(jobs) || jobs < 1 || jobs > MAX_JOBS) {
    process.stderr.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const project = packageRoot();
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
