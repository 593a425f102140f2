// Writes a directory tree that looks like nothing in particular, the same for every run with the same seed.
import { chmod, lutimes, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PseudoRandom } from '../../../scripts/support/pseudo-random.js';

/** Parts of names that every writer keeps: neither separators of ISO 9660 nor what Joliet forbids. */
const PARTS = [
  'a',
  'Read Me',
  'x-1',
  'data_2',
  '\u00e9t\u00e9',
  '\u65e5\u672c',
  'UPPER',
  'lower',
  '#',
  '\u0416\u0443\u043a',
  'long'.repeat(9),
];
const EXTENSIONS = ['', '.txt', '.c', '.tar.gz', '.JPG', '.H'];
const SIZES = [0, 1, 2047, 2048, 2049, 4096, 65_535, 65_536];
const MAX_ENTRIES = 12;
/** Below the depth at which ISO 9660 makes writers move directories elsewhere. */
const MAX_LEVELS = 5;
/** 1985 to 2035: what the dates of every format can say. */
const FIRST_TIME = 473_385_600;
const LAST_TIME = 2_051_222_400;

/** Fills the existing, empty directory. */
export async function writeRandomTree(directory: string, seed: number): Promise<void> {
  const random = new PseudoRandom(seed);
  for (let i = 0; i < 20; i += 1) random.next();
  await fillDirectory(directory, random, 1);
}

async function fillDirectory(directory: string, random: PseudoRandom, level: number): Promise<void> {
  const names = new Set<string>();
  const count = random.between(level === 1 ? 6 : 0, MAX_ENTRIES);
  for (let i = 0; i < count; i += 1) names.add(chooseName(random, i));
  for (const name of names) {
    const path = join(directory, name);
    const kind = random.between(0, 9);
    if (kind < 2 && level < MAX_LEVELS) {
      await mkdir(path);
      await fillDirectory(path, random, level + 1);
    } else if (kind === 2) {
      await symlink(choose(['../x', 'a b/c', '/absolute/target', '.', 'n'.repeat(200)], random), path);
      await lutimes(path, chooseTime(random), chooseTime(random));
    } else {
      await writeFile(path, randomBytes(random));
      await chmod(path, choose([0o644, 0o600, 0o755, 0o444, 0o4711], random));
      await utimes(path, chooseTime(random), chooseTime(random));
    }
  }
  await chmod(directory, choose([0o755, 0o700, 0o1777], random));
  await utimes(directory, chooseTime(random), chooseTime(random));
}

/** The number keeps names apart that differ in case only. */
function chooseName(random: PseudoRandom, number: number): string {
  const parts = Array.from({ length: random.between(1, 2) }, () => choose(PARTS, random));
  return `${parts.join(' ')}${number}${choose(EXTENSIONS, random)}`;
}

function randomBytes(random: PseudoRandom): Uint8Array {
  const bytes = new Uint8Array(choose([...SIZES, random.between(0, 300_000)], random));
  for (let at = 0; at < bytes.length; at += 4) bytes[at] = random.next() & 0xff;
  return bytes;
}

function chooseTime(random: PseudoRandom): number {
  return random.between(FIRST_TIME, LAST_TIME);
}

function choose<T>(values: readonly T[], random: PseudoRandom): T {
  return values[random.between(0, values.length - 1)]!;
}
