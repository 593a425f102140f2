// Runs events one after another until the time is over and each has happened, looks at levels between them, and goes
// on after what did not hold, as long as it can be healed.
import { setTimeout as sleep } from 'node:timers/promises';
import { lookAtLevels } from './levels.js';
import type { LevelSample } from './levels.js';
import { planEvents } from './plan.js';
import type { PlannedEvent } from './plan.js';
import { readLogTail } from './set-up.js';
import type { SoakEvent } from './soak-event.js';
import type { Soak } from './soak.js';

/** Milliseconds that one event may take; a build of a release is the longest. */
const EVENT_DEADLINE = 1_200_000;
const LONGEST_PAUSE = 800;
const MINUTE = 60_000;
const LEAST_PERIOD = 2000;
/** Looks at levels that a short run has as well. */
const LOOKS = 40;

export interface EventCount {
  runs: number;
  failed: number;
}

export interface SoakRun {
  readonly counts: ReadonlyMap<string, EventCount>;
  /** In words: which event, and what did not hold. */
  readonly failures: readonly string[];
  readonly samples: readonly LevelSample[];
}

export interface RunOptions {
  readonly events: readonly SoakEvent[];
  readonly seed: number;
  readonly minutes: number;
  readonly isVerbose: boolean;
  readonly signal: AbortSignal;
}

export async function runEvents(soak: Soak, options: RunOptions): Promise<SoakRun> {
  const { events, seed, minutes, isVerbose, signal } = options;
  const counts = new Map<string, EventCount>(events.map(({ name }) => [name, { runs: 0, failed: 0 }]));
  const failures: string[] = [];
  const samples: LevelSample[] = [];
  const end = performance.now() + minutes * MINUTE;
  const period = Math.max(LEAST_PERIOD, Math.min(MINUTE, (minutes * MINUTE) / LOOKS));
  let nextLook = 0;
  for (const planned of planEvents(events, seed)) {
    if (performance.now() >= end && planned.number > events.length) break;
    if (performance.now() >= nextLook) {
      samples.push(await lookAtLevels(soak));
      nextLook = performance.now() + period;
      if (isVerbose) soak.say(`levels: ${Object.values(samples.at(-1)!).join(', ')}`);
    }
    const count = counts.get(planned.event.name)!;
    const started = performance.now();
    count.runs += 1;
    const { words, failure } = await runOne(soak, planned);
    if (signal.aborted) {
      failures.push((signal.reason as Error).message);
      break;
    }
    if (failure !== undefined) {
      count.failed += 1;
      failures.push(words);
      soak.say(`${words}\n${await readLogTail(soak)}`);
      if (!(await heal(soak))) {
        failures.push('Daemon and mounts did not come back: the run ended here');
        break;
      }
    } else if (isVerbose) {
      soak.say(`${words} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    }
    soak.endAllowances();
    await soak.removeScratch();
    await sleep(planned.random.between(0, LONGEST_PAUSE));
  }
  return { counts, failures, samples };
}

async function runOne(
  soak: Soak,
  { number, event, random }: PlannedEvent<SoakEvent>,
): Promise<{ readonly words: string; readonly failure?: unknown }> {
  try {
    const details = await withDeadline(event.run(soak, random));
    await soak.expectOrder();
    return { words: `${number} ${event.name}: ${details}` };
  } catch (failure) {
    return { words: `${number} ${event.name} FAILED: ${(failure as Error).message}`, failure };
  }
}

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(EVENT_DEADLINE, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`It did not end within ${EVENT_DEADLINE / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** After something that did not hold: what events left is unmounted, and the next one begins in order. */
async function heal(soak: Soak): Promise<boolean> {
  try {
    await soak.daemon.run(['daemon', 'start']);
    const own = new Set(soak.mounts.map(({ summary }) => summary.id));
    for (const { id } of (await soak.status()).mounts) if (!own.has(id)) await soak.unmount(id, true);
    if ((await soak.status()).keeper !== 'alive') await soak.daemon.run(['daemon', 'upgrade', '--force']);
    await soak.expectOrder();
    return true;
  } catch (thrown) {
    soak.say((thrown as Error).message);
    return false;
  }
}
