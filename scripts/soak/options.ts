// The command line of npm run soak.
import { parseArgs } from 'node:util';

const MAX_MINUTES = 10_080;
const MAX_SEED = 4_294_967_295;

export interface SoakOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Names; all where absent. */
  readonly events: readonly string[] | undefined;
  /** Commit of the release that is upgraded from; the last tag where absent. */
  readonly from: string | undefined;
  readonly isVerbose: boolean;
}

/** `help`, or what is wrong with the line, in words. */
export function parseSoakOptions(
  argv: readonly string[],
  known: readonly string[],
): SoakOptions | 'help' | { readonly complaint: string } {
  let values;
  try {
    values = parse(argv);
  } catch (thrown) {
    return { complaint: (thrown as Error).message };
  }
  if (values.help) return 'help';
  const events = values.events?.split(',');
  const unknown = events?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return { complaint: `Found event "${unknown}", expected some of ${known.join(', ')}` };
  }
  const minutes = Number(values.minutes);
  if (values.minutes === '' || !(minutes >= 0 && minutes <= MAX_MINUTES)) {
    return { complaint: `Found "${values.minutes}" minutes, expected 0 to ${MAX_MINUTES}` };
  }
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 1 || seed > MAX_SEED) {
    return { complaint: `Found seed "${values.seed}", expected a whole number from 1 to ${MAX_SEED}` };
  }
  return { seed, minutes, events, from: values.from, isVerbose: values.verbose };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '10' },
      events: { type: 'string' },
      from: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

export function describeUsage(
  events: readonly { readonly name: string; readonly summary: string }[],
): string {
  const width = Math.max(...events.map(({ name }) => name.length)) + 2;
  const lines = events.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
  return `Usage: npm run soak -- [--minutes M] [--seed N] [--events NAME,...] [--from COMMIT] [--verbose]
Readers check every byte of several mounts while daemon, keeper, disks, media and images are disturbed.
  --minutes M        how long, until every event has happened once at least (default 10)
  --seed N           decides order and parameters of the events (default 1)
  --events NAME,...  only these
  --from COMMIT      the release to upgrade from (default: the last tag)
  --verbose          a line for each event
Exit code 1: a failed read, a wrong byte, an expectation that did not hold, growth, or something left behind.

Events:
${lines.join('\n')}
`;
}
