// What becomes of an entry whose name stands in the target already. Nothing that is there goes unasked; what was
// extracted before, by its size and time, counts as done.
import { lstatSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { IsodriveError } from '../../base/error.js';
import { decodePath } from '../../base/path-text.js';
import type { NodeRecord, NodeTime } from '../../index/node-record.js';

/**
 * `refuse`: a fault for each; `overwrite`: replaced; `skip`: kept; `update`: replaced where the disc's is newer, or
 * as old and of another size or type; what is newer is kept, as rsync --update does.
 */
export type ExistingRule = 'refuse' | 'overwrite' | 'update' | 'skip';

/** `all` and `none` are about everything that is still to come. */
export type ReplaceAnswer = 'yes' | 'no' | 'all' | 'none' | 'quit';

/** Asks the user whether what stands at a path of the host may be replaced. */
export type AskToReplace = (path: string) => Promise<ReplaceAnswer>;

/** `write`: nothing is there; `unchanged`: what is there is the entry; `skipped`: it stays as it is. */
export type Decision = 'write' | 'replace' | 'unchanged' | 'skipped';

/** File systems that keep whole seconds, or two, cut the time they are given. */
const COARSE_MICROSECONDS = 2_000_000n;

export class ExistingEntries {
  #rule: ExistingRule;
  readonly #ask: AskToReplace | undefined;

  /** `ask` is asked where the rule is `refuse`. */
  constructor(rule: ExistingRule, ask: AskToReplace | undefined) {
    this.#rule = rule;
    this.#ask = ask;
  }

  /** Throws `partial` where what is there is refused, and `cancelled` where the user wants no more. */
  decide(node: NodeRecord, path: Buffer, original?: Buffer): Decision | Promise<Decision> {
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return 'write';
    const isSecondName = original !== undefined && isSameFile(found, original);
    if (isSecondName || (this.#rule !== 'overwrite' && isUnchanged(node, found, path))) return 'unchanged';
    if (this.#rule === 'overwrite') return 'replace';
    if (this.#rule === 'skip') return 'skipped';
    // As old as the disc's and not the same: its size or type differs.
    if (this.#rule === 'update') return compareTime(node.modified, found) >= 0 ? 'replace' : 'skipped';
    if (this.#ask === undefined) throw refuse();
    return this.#askFor(path);
  }

  async #askFor(path: Buffer): Promise<Decision> {
    const answer = (await this.#ask?.(decodePath(path))) ?? 'no';
    if (answer === 'quit') {
      throw new IsodriveError('cancelled', 'Stopped as asked: what is complete stays', {
        action: 'Run the command again to go on',
      });
    }
    if (answer === 'all') this.#rule = 'overwrite';
    if (answer === 'none') this.#rule = 'skip';
    return answer === 'yes' || answer === 'all' ? 'replace' : 'skipped';
  }
}

/** What a run that replaces nothing says of each name that is taken. */
function refuse(): IsodriveError {
  return new IsodriveError(
    'partial',
    'Left as it is: the target has another one, expected none or the same',
    {
      action: 'Replace with --overwrite or --update, or keep with --skip-existing',
    },
  );
}

function isSameFile(found: BigIntStats, other: Buffer): boolean {
  const { ino, dev } = lstatSync(other, { bigint: true });
  return found.ino === ino && found.dev === dev;
}

function isUnchanged(node: NodeRecord, found: BigIntStats, path: Buffer): boolean {
  switch (node.type) {
    case 'file':
      return found.isFile() && Number(found.size) === node.size && compareTime(node.modified, found) === 0;
    case 'symlink':
      return (
        found.isSymbolicLink() &&
        readlinkSync(path, { encoding: 'buffer' }).equals(node.target ?? new Uint8Array())
      );
    case 'fifo':
      return found.isFIFO();
    case 'char':
      return found.isCharacterDevice() && hasNumber(found, node);
    case 'block':
      return found.isBlockDevice() && hasNumber(found, node);
    case 'directory':
      return found.isDirectory();
    case 'socket':
      return false;
  }
}

/** Positive where the disc's is newer. */
function compareTime({ seconds, microseconds }: NodeTime, { mtimeNs }: BigIntStats): number {
  const wanted = BigInt(seconds) * 1_000_000n + BigInt(microseconds);
  const distance = wanted * 1000n - mtimeNs;
  const isCoarse = mtimeNs % 1_000_000_000n === 0n;
  const tolerance = isCoarse ? COARSE_MICROSECONDS * 1000n : 1000n;
  if (distance > -tolerance && distance < tolerance) return 0;
  return distance > 0n ? 1 : -1;
}

/** As the kernel splits a device number (glibc, gnu_dev_major and gnu_dev_minor). */
function hasNumber({ rdev }: BigIntStats, { device }: NodeRecord): boolean {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return Number(major) === (device?.major ?? 0) && Number(minor) === (device?.minor ?? 0);
}
