// The map file of GNU ddrescue as text, both ways, so that either program goes on where the other stopped (ddrescue
// manual, "Mapfile structure").
import { IsodriveError } from '../../base/error.js';
import { RUN_STATUSES, RescueMap } from './rescue-map.js';
import type { MapRun, RunStatus } from './rescue-map.js';

/** What the whole run was doing: copying, trimming, scraping, retrying, filling, generating, finished. */
const PHASES = ['?', '*', '/', '-', 'F', 'G', '+'] as const;
export type MapPhase = (typeof PHASES)[number];

/** Where a run stood when its map was written. */
export interface MapPosition {
  /** Byte that is read next. */
  readonly position: number;
  readonly phase: MapPhase;
  /** Pass of the phase, from 1; older files have none. */
  readonly pass: number;
}

/** Bytes of a map file: a hundred bytes for each of MAX_MAP_RUNS are more than any run needs. */
export const MAX_MAP_BYTES = 64 * 1024 * 1024;
/**
 * Runs of a map file: the worst DVD that is worth its rescue, every twentieth of its 2.3 million sectors bad, has
 * fewer.
 */
export const MAX_MAP_RUNS = 262_144;
/** Digits beyond what a double counts exactly are refused. */
const NUMBER = /^(?:0x[0-9a-f]{1,16}|[0-9]{1,19})$/i;

export interface ParsedMap {
  readonly map: RescueMap;
  readonly at: MapPosition;
}

/**
 * Parses a map file. The map covers `size` bytes, or all that the file speaks of where `size` is absent; what it does
 * not speak of has not been tried. Throws `damaged` with the line that is wrong.
 */
export function parseMapText(text: string, name: string, size?: number): ParsedMap {
  let at: MapPosition | undefined;
  const runs: MapRun[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') continue;
    const fail = (expected: string): never => refuse(name, index + 1, line, expected);
    if (at === undefined) at = parsePosition(words) ?? fail('position, phase and pass');
    else {
      const run = parseRun(words) ?? fail('position, size and status of a run');
      const last = runs.at(-1);
      if (last !== undefined && run.position !== last.position + last.size)
        fail('a run that begins where the last one ends');
      if (runs.length >= MAX_MAP_RUNS) fail(`at most ${MAX_MAP_RUNS} runs`);
      runs.push(run);
    }
  }
  const last = runs.at(-1);
  if (at === undefined || last === undefined)
    return refuse(name, 1, text.slice(0, 40), 'the map file of a rescue');
  return { map: RescueMap.fromRuns(size ?? last.position + last.size, runs), at };
}

/** Lines of a map file, comments included. `comments` must be one line each. */
export function formatMapText(map: RescueMap, at: MapPosition, comments: readonly string[]): string {
  const lines = [
    ...comments.map((comment) => `# ${comment.replaceAll(/[^\x20-\x7e]/g, '?')}`),
    '# current_pos  current_status  current_pass',
    `${hex(at.position)}     ${at.phase}               ${at.pass}`,
    '#      pos        size  status',
    ...map.runs.map(({ position, size, status }) => `${hex(position)}  ${hex(size)}  ${status}`),
  ];
  return `${lines.join('\n')}\n`;
}

function parsePosition([position = '', phase = '', pass = '1']: readonly string[]): MapPosition | undefined {
  const found = PHASES.find((one) => one === phase);
  const numbers = [parseNumber(position), parseNumber(pass)];
  if (found === undefined || numbers[0] === undefined || numbers[1] === undefined) return undefined;
  return { position: numbers[0], phase: found, pass: numbers[1] };
}

function parseRun([position = '', size = '', status = '']: readonly string[]): MapRun | undefined {
  const found = RUN_STATUSES.find((one: RunStatus) => one === status);
  const start = parseNumber(position);
  const length = parseNumber(size);
  if (found === undefined || start === undefined || length === undefined || length === 0) return undefined;
  return Number.isSafeInteger(start + length) ? { position: start, size: length, status: found } : undefined;
}

/** Decimal, hexadecimal (0x) or octal (0), as C reads them. */
function parseNumber(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const isOctal = /^0[0-7]+$/.test(text);
  const value = isOctal ? Number.parseInt(text, 8) : Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}

function refuse(name: string, line: number, found: string, expected: string): never {
  throw new IsodriveError(
    'damaged',
    `Cannot read line ${line} of the map file "${name}": found ${JSON.stringify(found.slice(0, 80))}, expected ${expected}`,
    { at: { source: name }, action: 'Name a map file that isodrive or ddrescue wrote' },
  );
}
