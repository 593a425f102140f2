// What an event of a soak is: something that happens to daemon, keeper, disks, media or images while readers read,
// and what must hold meanwhile and afterwards.
import type { PseudoRandom } from '../support/pseudo-random.js';
import type { Soak } from './soak.js';

export interface SoakEvent {
  readonly name: string;
  /** One line, for --help. */
  readonly summary: string;
  /** What this machine lacks for it, or undefined. */
  missing?(soak: Soak): string | undefined | Promise<string | undefined>;
  /** Does it, heals what it broke, and gives its parameters in words. Throws what did not hold. */
  run(soak: Soak, random: PseudoRandom): Promise<string>;
}
