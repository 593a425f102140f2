// The one error class. A closed set of codes maps, in one table, to errno, JSON-RPC code, exit code and hint,
// so that FUSE, the control socket and the shell always agree on what went wrong.

export interface ErrorKind {
  /** Name of the errno that FUSE and file-like callers see. */
  readonly errno: Errno;
  /** JSON-RPC 2.0 error code (server range -32000 to -32099, or the reserved ones). */
  readonly rpc: number;
  /** Exit code of the command line. */
  readonly exit: number;
  /** What the user can do when the thrower knows nothing better. */
  readonly hint: string;
}

export type Errno =
  | 'EACCES'
  | 'EBUSY'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'ELOOP'
  | 'ENODATA'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOTCONN'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENOTSUP'
  | 'EPERM'
  | 'ETIMEDOUT'
  | 'ECANCELED';

/** Linux errno numbers of the names above (asm-generic/errno-base.h, errno.h). */
export const ERRNO_NUMBERS: Readonly<Record<Errno, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  ENOTSUP: 95,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECANCELED: 125,
};

export const ERROR_KINDS = {
  internal: { errno: 'EIO', rpc: -32603, exit: 1, hint: 'This is a defect of isodrive: please report it' },
  usage: { errno: 'EINVAL', rpc: -32602, exit: 2, hint: 'See isodrive --help' },
  'image-not-found': { errno: 'ENOENT', rpc: -32003, exit: 3, hint: 'Check the path of the image' },
  'image-unreadable': { errno: 'EIO', rpc: -32004, exit: 3, hint: 'Check the medium that holds the image' },
  'no-such-mount': { errno: 'ENOENT', rpc: -32005, exit: 4, hint: 'See isodrive list' },
  'not-in-image': { errno: 'ENOENT', rpc: -32006, exit: 3, hint: 'See isodrive ls IMAGE' },
  damaged: { errno: 'EIO', rpc: -32007, exit: 5, hint: 'Compare the image with its published checksum' },
  loop: { errno: 'ELOOP', rpc: -32018, exit: 5, hint: 'See isodrive info IMAGE for what is wrong' },
  unsupported: { errno: 'ENOTSUP', rpc: -32008, exit: 5, hint: 'See isodrive info IMAGE for what it holds' },
  permission: { errno: 'EACCES', rpc: -32009, exit: 6, hint: 'Check the permissions of the file' },
  policy: { errno: 'EPERM', rpc: -32010, exit: 6, hint: 'Run isodrive doctor' },
  busy: { errno: 'EBUSY', rpc: -32011, exit: 7, hint: 'Close the programs that use it and try again' },
  'daemon-unreachable': { errno: 'ENOTCONN', rpc: -32012, exit: 8, hint: 'See isodrive daemon logs' },
  timeout: { errno: 'ETIMEDOUT', rpc: -32013, exit: 9, hint: 'Try again' },
  'verification-failed': { errno: 'EIO', rpc: -32014, exit: 10, hint: 'Fetch the image again' },
  partial: { errno: 'EIO', rpc: -32015, exit: 11, hint: 'See the messages above' },
  'image-changed': { errno: 'EIO', rpc: -32016, exit: 12, hint: 'Unmount the image and mount it again' },
  quota: { errno: 'ENOMEM', rpc: -32019, exit: 6, hint: 'Unmount some: see isodrive list' },
  'program-not-found': {
    errno: 'ENOENT',
    rpc: -32020,
    // As shells say it.
    exit: 127,
    hint: 'Name a program on the PATH, or its path',
  },
  'program-not-run': {
    errno: 'EACCES',
    rpc: -32021,
    exit: 126,
    hint: 'Check the permissions of the program',
  },
  cancelled: { errno: 'ECANCELED', rpc: -32017, exit: 130, hint: 'Run the command again' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** Where in which source a fault was found. */
export interface FaultLocation {
  /** Name of the image or file. */
  readonly source: string;
  /** Byte offset of the faulty field. */
  readonly offset?: number;
  /** Standard and clause, such as "ECMA-119 8.4.7". */
  readonly clause?: string;
}

export interface IsodriveErrorOptions {
  /** What the user can do; the table's hint where absent. */
  readonly action?: string;
  readonly at?: FaultLocation;
  /** What belongs on lines of its own, such as what each of several attempts failed with; a line each. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/** Every fault that is the image's, the caller's or the machine's. Ours are plain assertion errors. */
export class IsodriveError extends Error {
  override readonly name = 'IsodriveError';
  readonly code: ErrorCode;
  readonly action: string;
  readonly at: FaultLocation | undefined;
  readonly details: readonly string[];

  /** `message`: upper-case start, no full stop, what was found and then what was expected. */
  constructor(code: ErrorCode, message: string, options: IsodriveErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.action = options.action ?? ERROR_KINDS[code].hint;
    this.at = options.at;
    this.details = options.details ?? [];
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }

  get errnoNumber(): number {
    return ERRNO_NUMBERS[this.kind.errno];
  }
}

/** Names, and numbers of the addon's errors, that mean that threads, processes or descriptors have run out. */
const EXHAUSTED: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENFILE', 'EMFILE', 11, 23, 24]);

export function isExhausted(thrown: Error): boolean {
  if ('code' in thrown && thrown.code === 'ERR_WORKER_INIT_FAILED') return true;
  return (
    ('code' in thrown && EXHAUSTED.has(thrown.code)) || ('errno' in thrown && EXHAUSTED.has(thrown.errno))
  );
}

/** Gives any thrown value as an IsodriveError; what is none already becomes `busy` or `internal`. */
export function toIsodriveError(thrown: unknown): IsodriveError {
  if (thrown instanceof IsodriveError) return thrown;
  if (isSystemError(thrown) && thrown.syscall === 'uv_cwd') return noWorkingFolder(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof Error && isExhausted(thrown)) {
    return new IsodriveError('busy', `${message}: found the limit reached, expected room below it`, {
      action:
        'End some programs, or raise the limit (ulimit -u and -n, or TasksMax and LimitNOFILE of the unit)',
      cause: thrown,
    });
  }
  return new IsodriveError('internal', message, { cause: thrown });
}

function noWorkingFolder(cause: Error): IsodriveError {
  return new IsodriveError('usage', 'The working folder is gone, expected one that paths can start from', {
    cause,
    action: 'Change to another folder, as with cd, or name whole paths from there',
  });
}

/** The message of any thrown value, without what node puts on lines below it. */
export function firstLineOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.split('\n', 1)[0] ?? '';
}

/** True for errors of node's own calls that carry an errno name in `code`; never for ours, whose codes are others. */
export function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException & { code: string } {
  if (thrown instanceof IsodriveError) return false;
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
}
