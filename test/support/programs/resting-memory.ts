// Memory of a daemon at rest: what readers of mounts that have just ended still hold is not counted as lost.
import { setTimeout } from 'node:timers/promises';
import { readResidentMemory } from '../../../scripts/support/process-memory.js';

/** Milliseconds for memory to come to rest, and between two looks at it. */
const SETTLE_TIME = 20_000;
const SETTLE_INTERVAL = 2000;
/** Bytes by which two looks may differ. */
const STILL = 256 * 1024;

/** Resident bytes of a process once they have stopped changing, or after 20 seconds. */
export async function readRestingMemory(pid: number): Promise<number> {
  const end = performance.now() + SETTLE_TIME;
  for (let last = Infinity; ;) {
    const { total } = await readResidentMemory(pid);
    if (Math.abs(last - total) < STILL || performance.now() > end) return total;
    last = total;
    await setTimeout(SETTLE_INTERVAL);
  }
}
