// What a reader of one image may use before it is ended, for the sake of all others, and what all of them may keep.
import { readVariable } from '../../src/base/environment.js';
import { IsodriveError } from '../../src/base/error.js';

export interface ReaderLimits {
  /** MiB of objects of JavaScript. */
  readonly memory: number;
  /** Seconds of processor time for a step that has to end, such as opening an image or loading one directory. */
  readonly seconds: number;
}

/** A million entries take less than half of it. */
const DEFAULT_MEMORY = 256;
/** The largest directories take about one second. */
const DEFAULT_SECONDS = 30;
/** MiB: what the read-ahead of some dozens of readers takes. */
const DEFAULT_UNIT_MEMORY = 32;
const MIB = 1_048_576;

/**
 * Bytes of decoded units that all mounts together keep: of ISODRIVE_UNIT_MEMORY MiB. Throws `usage` for what is no
 * number.
 */
export function readUnitBudget(env: NodeJS.ProcessEnv): number {
  return readNumber(env, 'ISODRIVE_UNIT_MEMORY', DEFAULT_UNIT_MEMORY) * MIB;
}

/** From ISODRIVE_READER_MEMORY and ISODRIVE_READER_SECONDS. Throws `usage` for what is no number. */
export function readLimits(env: NodeJS.ProcessEnv): ReaderLimits {
  return {
    memory: readNumber(env, 'ISODRIVE_READER_MEMORY', DEFAULT_MEMORY),
    seconds: readNumber(env, 'ISODRIVE_READER_SECONDS', DEFAULT_SECONDS),
  };
}

function readNumber(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = readVariable(name, env);
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,5}$/u.test(text)) return Number(text);
  throw new IsodriveError('usage', `Variable ${name} is "${text}", expected a whole number from 1 to 999999`);
}
