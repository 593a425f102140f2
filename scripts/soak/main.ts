// npm run soak: disturbs daemon, keeper, disks, media and images in an order that a seed decides, for as long as is
// wanted, while readers check every byte of several mounts. Progress goes to stderr, the result to stdout.
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from '../support/run-command.js';
import { SOAK_EVENTS } from './event-table.js';
import { judgeLevels } from './levels.js';
import { describeUsage, parseSoakOptions } from './options.js';
import type { SoakOptions } from './options.js';
import { markOwnProcesses } from './own-processes.js';
import { formatResult, isGood } from './report.js';
import { runEvents } from './run-events.js';
import type { SoakRun } from './run-events.js';
import { makeGround, removeGround, startReaders, takeDown } from './set-up.js';
import type { SoakEvent } from './soak-event.js';
import { makeSoakImages } from './soak-images.js';
import { Soak } from './soak.js';

/** dist/scripts/soak/main.js lies three folders below the project. */
const PROJECT = join(import.meta.dirname, '..', '..', '..');
const NOTHING_RAN: SoakRun = { counts: new Map(), failures: [], samples: [] };

function say(line: string): void {
  process.stderr.write(`soak: ${line}\n`);
}

async function main(): Promise<void> {
  const options = parseSoakOptions(
    process.argv.slice(2),
    SOAK_EVENTS.map(({ name }) => name),
  );
  const usage = describeUsage(SOAK_EVENTS);
  if (options === 'help') process.stdout.write(usage);
  else if ('complaint' in options) {
    process.stderr.write(`${options.complaint}\n${usage}`);
    process.exitCode = 2;
  } else {
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => stop.abort(new Error(`Ended by ${signal}`)));
    }
    await soak(options, stop.signal);
  }
}

async function soak(options: SoakOptions, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'isodrive-soak-')));
  markOwnProcesses(folder);
  try {
    const images = await makeSoakImages(join(folder, 'images'), say);
    const readerProgram = await compileReader(folder);
    const ground = new Soak({ project: PROJECT, folder, readerProgram, images, from: options.from, say });
    const missing = new Map<string, string>();
    const failures: string[] = [];
    let run = NOTHING_RAN;
    let left: string[] = [];
    try {
      await makeGround(ground);
      await startReaders(ground);
      const events = await chooseEvents(ground, options.events, missing);
      say(
        `seed ${options.seed}, ${events.length} kinds of events, ${ground.mounts.length} mounts, in ${folder}`,
      );
      run = await runEvents(ground, { ...options, events, signal });
    } catch (thrown) {
      failures.push((thrown as Error).stack ?? String(thrown));
    } finally {
      left = await takeDown(ground);
    }
    const result = {
      ...{ missing, left, readers: ground.totals, counts: run.counts },
      failures: [...run.failures, ...failures],
      levels: judgeLevels(run.samples),
      seconds: (performance.now() - started) / 1000,
    };
    process.stdout.write(formatResult(result));
    process.exitCode = isGood(result) ? 0 : 1;
  } finally {
    await removeGround(folder);
  }
}

async function compileReader(folder: string): Promise<string> {
  const program = join(folder, 'reader');
  const source = join(PROJECT, 'scripts', 'soak', 'reader.cc');
  await mustRun(process.env.CXX ?? 'c++', ['-std=c++20', '-O2', '-o', program, source]);
  return program;
}

/** Those that are wanted and that this machine can have. */
async function chooseEvents(
  ground: Soak,
  names: readonly string[] | undefined,
  missing: Map<string, string>,
): Promise<SoakEvent[]> {
  const chosen: SoakEvent[] = [];
  for (const event of SOAK_EVENTS) {
    if (names?.includes(event.name) === false) continue;
    const what = await event.missing?.(ground);
    if (what === undefined) chosen.push(event);
    else {
      missing.set(event.name, what);
      say(`${event.name} is not available: it needs ${what}`);
    }
  }
  if (chosen.length === 0) throw new Error('Found no event that this machine can have, expected one');
  return chosen;
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
