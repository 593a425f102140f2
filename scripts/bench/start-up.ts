// What the start of the command line costs: processor time of listing a small image, beside that of node doing nothing.
import { join } from 'node:path';
import { mustRun } from '../support/run-command.js';

/** Runs of each in one repetition: the kernel counts in ticks, of which one run has few. */
const RUNS = 10;
/** POSIX, "times": the last line is about the children, "0m0.25s 0m0.06s" for user and system. */
const LOOP = `i=0; while [ $i -lt ${RUNS} ]; do "$@" >/dev/null || exit; i=$((i + 1)); done; times`;

/** Seconds of processor time of one run, user and system, by repetition. */
export interface StartUpFigures {
  readonly emptyNode: number[];
  readonly list: number[];
}

/** `image` is small. The launcher is measured, as that is what users run. */
export async function measureStartUp(
  image: string,
  project: string,
  repetitions: number,
): Promise<StartUpFigures> {
  const figures: StartUpFigures = { emptyNode: [], list: [] };
  // The first may have to build.
  await measureProcessor(join(project, 'scripts', 'isodrive'), 'version');
  for (let i = 0; i < repetitions; i += 1) {
    figures.emptyNode.push(await measureProcessor(process.execPath, '-e', '0'));
    figures.list.push(await measureProcessor(join(project, 'scripts', 'isodrive'), 'ls', image));
  }
  return figures;
}

async function measureProcessor(...command: readonly string[]): Promise<number> {
  const { stdout } = await mustRun('/bin/sh', ['-c', LOOP, 'sh', ...command]);
  const children = stdout.toString().trim().split('\n').at(-1) ?? '';
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/gu)];
  if (times.length !== 2) throw new Error(`Found "${children}" of "times", expected user and system time`);
  const seconds = times.map(([, minutes, rest]) => Number(minutes) * 60 + Number(rest));
  return (seconds[0]! + seconds[1]!) / RUNS;
}
