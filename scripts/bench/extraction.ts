// How fast files come out of an image and names are listed, beside 7z and bsdtar, on the same images in the same run.
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchImages } from './images.js';
import { LARGE_NAME } from './images.js';
import { warmFile } from './kernel-caches.js';
import { hasProgram, mustRun } from '../support/run-command.js';

const LIMIT = { timeout: 600_000 };
const PROGRAMS = ['isodrive', '7z', 'bsdtar'] as const;
export type ExtractionProgram = (typeof PROGRAMS)[number];

/** Seconds by repetition; none of a program that is not there. */
export interface ExtractionFigures {
  /** Image A's small files. */
  readonly small: Record<ExtractionProgram, number[]>;
  /** Image A's one large file. */
  readonly large: Record<ExtractionProgram, number[]>;
  /** The names of image B. */
  readonly list: Record<ExtractionProgram, number[]>;
}

/**
 * Writes below `folder`, each time into a new directory. What has small files is removed at the end alone: for a
 * minute and more after many inodes were freed, ext4 looks past each of them before it makes another
 * (recently_deleted), which costs half a millisecond a file, thirty times what the programs take, whichever comes next.
 */
export async function measureExtraction(
  { mixed, many }: BenchImages,
  project: string,
  folder: string,
  repetitions: number,
  say: (line: string) => void,
): Promise<ExtractionFigures> {
  const figures: ExtractionFigures = { small: none(), large: none(), list: none() };
  const launch = join(project, 'scripts', 'isodrive');
  const outputs = join(folder, 'extracted');
  await mkdir(outputs);
  const commands = (path: string, target: string): Record<ExtractionProgram, readonly string[]> => ({
    isodrive: [launch, 'extract', mixed.path, `/${path}`, '-C', target],
    '7z': ['7z', 'x', '-y', `-o${target}`, mixed.path, path],
    bsdtar: ['bsdtar', '-xf', mixed.path, '-C', target, path],
  });
  for (const program of PROGRAMS.slice(1)) {
    if (!(await hasProgram(program))) say(`${program} is not installed: left out`);
  }
  for (const image of [mixed, many]) await warmFile(image.path);
  for (let i = 0; i < repetitions; i += 1) {
    for (const program of PROGRAMS) {
      if (program !== 'isodrive' && !(await hasProgram(program))) continue;
      for (const [measure, path] of [
        ['small', 'usr'],
        ['large', LARGE_NAME],
      ] as const) {
        const target = join(outputs, `${measure}-${program}-${i}`);
        await mkdir(target);
        figures[measure][program].push(await seconds(commands(path, target)[program]));
        if (!existsSync(join(target, path))) throw new Error(`${program} wrote no ${path}, expected it to`);
        if (measure === 'large') await rm(target, { recursive: true });
      }
    }
    figures.list.isodrive.push(await seconds([launch, 'ls', '-R', many.path]));
    if (await hasProgram('bsdtar')) figures.list.bsdtar.push(await seconds(['bsdtar', '-tf', many.path]));
  }
  await rm(outputs, { recursive: true });
  return figures;
}

function none(): Record<ExtractionProgram, number[]> {
  return { isodrive: [], '7z': [], bsdtar: [] };
}

async function seconds([program, ...args]: readonly string[]): Promise<number> {
  return (await mustRun(program!, args, LIMIT)).seconds;
}
