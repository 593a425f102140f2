// npm run bench: races isodrive's drivers against fuseiso and a native copy of the same tree, on images it builds
// itself, and prints Markdown. Progress goes to stderr. See report.ts for the method.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import type { ContestantName } from './contestants.js';
import { CONTESTANT_NAMES, createContestant } from './contestants.js';
import type { DaemonContext } from './daemon-figures.js';
import { measureDaemonMemory, measureFirstListing } from './daemon-figures.js';
import { measureDrives } from './drives.js';
import { measureExtraction } from './extraction.js';
import { measureHashing } from './hashing.js';
import { buildImages, FULL_SIZES, QUICK_SIZES } from './images.js';
import { mayDropCaches } from './kernel-caches.js';
import { measureNeighbours } from './neighbours.js';
import { measurePlans } from './plans.js';
import { PrivateDaemon } from '../support/private-daemon.js';
import { compileProbe } from './probe.js';
import { raceFormats } from './format-race.js';
import { race } from './race.js';
import { measureRecords } from './records.js';
import { formatMemory, formatMethod, formatRace, formatVerdicts } from './report.js';
import type { Verdict } from './requirements.js';
import {
  judgeDrives,
  judgeExtraction,
  judgeFormats,
  judgeHashing,
  judgeListing,
  judgeMemory,
  judgeNeighbours,
  judgePlans,
  judgeRace,
  judgeRecords,
  judgeServerMemory,
  judgeStartUp,
} from './requirements.js';
import { hasProgram } from '../support/run-command.js';
import { measureServerMemory } from './server-memory.js';
import { measureStartUp } from './start-up.js';

const USAGE = `Usage: npm run bench -- [--quick] [--only NAME]... [--repetitions N]
  --quick          tiny images and one repetition: tests the benchmark, measures nothing
  --only NAME      ${CONTESTANT_NAMES.join(', ')},
                   or formats (UDF beside ISO 9660), listing, memory, records, drives, server-memory,
                   hashing, neighbours, extraction, start, plans
  --repetitions N  at least 3 for figures worth quoting (default 3)
Images are kept in ISODRIVE_BENCH_DIR (default: isodrive-bench in the temporary folder), about 6 GB.
`;

const OTHER_PARTS = [
  'formats',
  'listing',
  'memory',
  'records',
  'drives',
  'server-memory',
  'hashing',
  'neighbours',
  'extraction',
  'start',
  'plans',
] as const;
/** Drivers whose speed is compared between formats. */
const FORMAT_DRIVERS: ReadonlySet<string> = new Set(['erofs', 'fuse']);
/** Bytes of the image that is read through drives. */
const DRIVE_BYTES = { quick: 4_194_304, full: 1_073_741_824 };
/** Bytes of the file that is read by plans. */
const PLAN_BYTES = { quick: 4_194_304, full: 1_073_741_824 };
/** Clients that read through one at the same time. */
const SERVER_CLIENTS = 100;
const LISTING_REPETITIONS = 9;
const MAX_REPETITIONS = 100;

/** Of the project's tests, 372 KiB. */
const SMALL_IMAGE = join('test', 'corpus', 'ok', 'copying-rr.iso');

/** dist/scripts/bench/main.js lies three folders below the project. */
const PROJECT = join(import.meta.dirname, '..', '..', '..');

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [...CONTESTANT_NAMES, ...OTHER_PARTS] },
      repetitions: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const repetitions = Number(values.repetitions ?? (values.quick ? 1 : 3));
  const known = [...CONTESTANT_NAMES, ...OTHER_PARTS] as readonly string[];
  const unknown = values.only.find((name) => !known.includes(name));
  const isCountRight = Number.isInteger(repetitions) && repetitions >= 1 && repetitions <= MAX_REPETITIONS;
  if (values.help || unknown !== undefined || !isCountRight) {
    const complaint =
      unknown === undefined
        ? `Found ${values.repetitions ?? ''} repetitions, expected 1 to ${MAX_REPETITIONS}`
        : `Unknown part "${unknown}"`;
    process.stderr.write(values.help ? USAGE : `${complaint}\n${USAGE}`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`Ended by ${signal}`)));
  }
  // It makes every start of node read certificates, which takes longer than all else that node does then.
  delete process.env.NODE_EXTRA_CA_CERTS;
  await measure(new Set(values.only), values.quick, repetitions, stop.signal);
}

async function measure(
  parts: ReadonlySet<string>,
  isQuick: boolean,
  repetitions: number,
  signal: AbortSignal,
): Promise<void> {
  const cache = process.env.ISODRIVE_BENCH_DIR ?? join(tmpdir(), 'isodrive-bench');
  const images = await buildImages(
    join(cache, isQuick ? 'quick' : 'full'),
    isQuick ? QUICK_SIZES : FULL_SIZES,
    say,
  );
  const probe = await compileProbe(join(PROJECT, 'scripts', 'bench', 'probe.cc'), cache);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-bench-run-'));
  const daemon = new PrivateDaemon({ project: PROJECT, folder: join(folder, 'daemon') });
  const isRoot = mayDropCaches();
  const context: DaemonContext = { images, daemon, folder, isRoot };
  const verdicts: Verdict[] = [];
  try {
    await daemon.start();
    print(describeMachine());
    print(formatMethod(repetitions, isRoot));
    const contestants = (await chooseContestants(parts, isRoot)).map((name) =>
      createContestant(name, context),
    );
    const options = {
      ...{ images, probe, repetitions, say, signal },
      randomReads: isQuick ? { one: 500, each: 200 } : { one: 10_000, each: 5000 },
      mayDropCaches: isRoot,
    };
    if (contestants.length > 0) {
      const result = await race({ ...options, contestants });
      print(formatRace(result));
      verdicts.push(...judgeRace(result));
    }
    if (parts.has('formats') && existsSync(images.udf.path)) {
      const drivers = (await chooseContestants(FORMAT_DRIVERS, isRoot)).map((name) =>
        createContestant(name, context),
      );
      verdicts.push(...judgeFormats(await raceFormats({ ...options, contestants: drivers })));
    }
    if (parts.has('listing')) {
      say('mount to first ls');
      const hasErofs = isRoot && (await canMountErofs());
      for (const driver of hasErofs ? (['erofs', 'fuse'] as const) : (['fuse'] as const)) {
        const count = isQuick ? 1 : LISTING_REPETITIONS;
        verdicts.push(judgeListing(driver, await measureFirstListing(context, driver, count, signal)));
      }
    }
    if (parts.has('memory')) {
      say("daemon's memory");
      const memory = await measureDaemonMemory(context, PROJECT, probe);
      print(formatMemory(memory));
      verdicts.push(judgeMemory(memory));
    }
    if (parts.has('neighbours')) {
      say('readers beside hostile images');
      const figures = await measureNeighbours(context, PROJECT, probe, repetitions);
      verdicts.push(...figures.map(judgeNeighbours));
    }
    if (parts.has('records')) {
      say('records into the index');
      const { records, seconds } = await measureRecords(images.many.path);
      verdicts.push(judgeRecords(records / seconds));
    }
    if (parts.has('start')) {
      say('start of the command line');
      verdicts.push(judgeStartUp(await measureStartUp(join(PROJECT, SMALL_IMAGE), PROJECT, repetitions)));
    }
    if (parts.has('plans')) {
      say('reads by a plan');
      const bytes = isQuick ? PLAN_BYTES.quick : PLAN_BYTES.full;
      verdicts.push(...judgePlans(await measurePlans(folder, probe, bytes, repetitions)));
    }
    if (parts.has('hashing')) {
      say('digests of image A');
      verdicts.push(...judgeHashing(await measureHashing(images.mixed.path, PROJECT, repetitions)));
    }
    if (parts.has('extraction')) {
      say('extraction and listing');
      const figures = await measureExtraction(images, PROJECT, folder, repetitions, say);
      verdicts.push(...judgeExtraction(figures));
    }
    if (parts.has('drives')) {
      say('sequential read through served drives');
      const figures = await measureDrives(isQuick ? DRIVE_BYTES.quick : DRIVE_BYTES.full, repetitions);
      if (figures === undefined) say('nbdkit or qemu-img is not installed: left out');
      else verdicts.push(...judgeDrives(figures));
    }
    if (parts.has('server-memory')) {
      say('memory of served drives with many clients');
      verdicts.push(...(await measureServerMemory(isQuick ? 4 : SERVER_CLIENTS)).flatMap(judgeServerMemory));
    }
    print(formatVerdicts(verdicts));
  } finally {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The load before the start tells whether the figures can be trusted. */
function describeMachine(): string {
  const processors = cpus();
  const load = loadavg()[0]!.toFixed(1);
  return (
    `isodrive benchmark, Linux ${release()}, node ${process.version}, ` +
    `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}, load average ${load}`
  );
}

async function chooseContestants(parts: ReadonlySet<string>, isRoot: boolean): Promise<ContestantName[]> {
  const chosen: ContestantName[] = [];
  for (const name of CONTESTANT_NAMES) {
    if (!parts.has(name)) continue;
    if (name === 'fuseiso' && !(await hasProgram('fuseiso'))) say('fuseiso is not installed: left out');
    else if ((name === 'fuse-default-read-ahead' || name === 'erofs') && !isRoot)
      say(`${name} needs root: left out`);
    else if (name === 'erofs' && !(await canMountErofs())) say('the kernel mounts no EROFS: left out');
    else chosen.push(name);
  }
  return chosen;
}

async function canMountErofs(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'isodrive-bench-probe-'));
  try {
    return (await new ErofsDriver({ folder }).check()).available;
  } finally {
    await rm(folder, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
