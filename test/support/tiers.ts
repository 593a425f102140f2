// The tiers of the suite: what a test file starts says how long it takes, and what it needs. Told from its text, so
// that no list has to be kept.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const FOLDER = join(import.meta.dirname, '..');

/**
 * `unit`: this process alone. `system`: programs, mounts, daemons, large collections. `guests`: virtual machines,
 * Wine.
 */
export const TIERS = ['unit', 'system', 'guests'] as const;
export type Tier = (typeof TIERS)[number];

const GUESTS = /support\/machines\/(?:guest|wine|windows|udf-guest)|ISODRIVE_ZIG/u;
const SYSTEM = /support\/(?:programs|machines|run-command)|node:child_process|bad-sector-mount|corpus\.js'/u;

/** `path`: from the folder of tests, with slashes. */
function tierOf(path: string, text: string): Tier {
  if (path.startsWith('windows/') || GUESTS.test(text)) return 'guests';
  return path.startsWith('e2e/') || path.startsWith('fuzz/') || SYSTEM.test(text) ? 'system' : 'unit';
}

/** Test files of each tier, from the project's folder. */
export function listTiers(): Record<Tier, string[]> {
  const found: Record<Tier, string[]> = { unit: [], system: [], guests: [] };
  for (const name of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.test.ts')) continue;
    const path = relative('.', name).split(sep).join('/');
    found[tierOf(path, readFileSync(join(FOLDER, name), 'utf8'))].push(`test/${path}`);
  }
  return found;
}
