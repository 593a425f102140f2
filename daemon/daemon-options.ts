// The command line of isodrived, as service managers and isodrive write it.
import { parseArgs } from 'node:util';
import { IsodriveError } from '../src/base/error.js';

export interface DaemonArguments {
  readonly socket: string | undefined;
  readonly log: string | undefined;
  readonly journal: string | undefined;
  /** Seconds. */
  readonly idleTimeout: number | undefined;
  readonly system: boolean;
  readonly policy: string | undefined;
  readonly background: boolean;
}

export const USAGE = `Usage: isodrived [OPTION]...

Owns mounts of disc images, in the foreground. isodrive mount starts it by itself.

Options:
      --socket PATH           control socket (default: $ISODRIVE_SOCKET, or one of your own)
      --log FILE              log (default: stderr)
      --journal FILE          list of mounts (default: beside the socket)
      --idle-timeout SECONDS  end after so long without mounts and clients (default: never)
      --system                serve all users of the machine; for root
      --policy FILE           who may have what, with --system (default: /etc/isodrive/policy.json)
      --background            for whoever starts it: say on descriptor 3 when it is ready
  -h, --help                  print this help
  -v, --version               print the version`;

const HINT = 'See isodrived --help';

/** What is asked for. Throws `usage`. */
export function parseDaemonOptions(argv: readonly string[]): DaemonArguments | 'help' | 'version' {
  const values = parse(argv);
  if (values.help === true) return 'help';
  if (values.version === true) return 'version';
  return {
    socket: values.socket,
    log: values.log,
    journal: values.journal,
    idleTimeout: parseSeconds(values['idle-timeout']),
    system: values.system === true,
    policy: values.policy,
    background: values.background === true,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        socket: { type: 'string' },
        log: { type: 'string' },
        journal: { type: 'string' },
        'idle-timeout': { type: 'string' },
        // Serves all users of the machine, within the policy.
        system: { type: 'boolean' },
        policy: { type: 'string' },
        // Set by whoever starts us in the background without a keeper, and then reads READY_DESCRIPTOR.
        background: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    }).values;
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new IsodriveError('usage', `Cannot understand the command line: ${found}`, { cause, action: HINT });
  }
}

function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new IsodriveError('usage', `Idle timeout is "${text}", expected a whole number of seconds`, {
    action: HINT,
  });
}
