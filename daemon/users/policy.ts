// What each user may take of the system service: a table in a file of root's, with defaults that are safe without one.
import { countBytes } from '../../src/base/byte-count.js';
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { PeerCredentials } from '../../native/index.js';
import { IsodriveError, isSystemError } from '../../src/base/error.js';
import { MAX_LINE_BYTES } from '../../src/protocol/messages.js';
import { MAX_FILES_BESIDE, MAX_MOUNTS, MAX_PENDING } from '../limits.js';
import { findAccount } from './account-names.js';

export const DEFAULT_POLICY_PATH = '/etc/isodrive/policy.json';
const MAX_FILE_BYTES = 256 * 1024;
const MAX_RULES = 256;
const MAX_USER_ID = 2 ** 32 - 2;
const MIB = 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;

const LIMITS = z.strictObject({
  /** Mounts at the same time, those that are detached and still in use included. */
  mounts: z.int().min(0).max(MAX_MOUNTS),
  /** Bytes of the indexes of all these mounts. */
  indexMemory: z
    .int()
    .min(MIB)
    .max(2 ** 40),
  /** Files that the images of all these mounts have beyond their first: of a cue sheet, for example, its tracks. */
  filesBeside: z.int().min(0).max(MAX_FILES_BESIDE),
  /** Calls under way, over all connections. */
  requests: z.int().min(1).max(MAX_PENDING),
  connections: z.int().min(1).max(256),
  /** Longest message, in bytes. */
  messageBytes: z.int().min(4096).max(MAX_LINE_BYTES),
  /** Whether a mount may let other users in. */
  allowOther: z.boolean(),
});
const account = z.union([z.string().min(1).max(256), z.int().min(0).max(MAX_USER_ID)]);
const POLICY = z.strictObject({
  /** Group whose members see and unmount everything. */
  administrators: account.optional(),
  limits: LIMITS.partial().optional(),
  /** The first that names a user decides for them; what it does not say is as in `limits`. */
  rules: z
    .array(
      z
        .strictObject({ user: account.optional(), group: account.optional(), ...LIMITS.partial().shape })
        .refine(
          ({ user, group }) => (user === undefined) !== (group === undefined),
          'expected user or group',
        ),
    )
    .max(MAX_RULES)
    .optional(),
});

export type UserLimits = z.infer<typeof LIMITS>;

const DEFAULTS: UserLimits = {
  mounts: 16,
  indexMemory: 256 * MIB,
  filesBeside: 256,
  requests: 32,
  connections: 16,
  messageBytes: 64 * 1024,
  allowOther: false,
};
/** Root manages the service: nothing but what the protocol allows at all. */
const ROOT: UserLimits = {
  mounts: MAX_MOUNTS,
  indexMemory: 2 ** 40,
  filesBeside: MAX_FILES_BESIDE,
  requests: MAX_PENDING,
  connections: 256,
  messageBytes: MAX_LINE_BYTES,
  allowOther: true,
};

const GIB = 1024 * MIB;
/**
 * Of all indexes of a daemon that serves one user: several times what the largest discs need (five million entries take
 * 0.6 GiB), so that no image takes all memory of the machine.
 */
export const OWN_INDEX_MEMORY = 4 * GIB;

/** Whoever runs a daemon of their own, and what they may take of it. */
export function ownerOfDaemon(): { readonly uid: number; readonly limits: UserLimits } {
  return { uid: process.geteuid?.() ?? 0, limits: { ...ROOT, indexMemory: OWN_INDEX_MEMORY } };
}

type SomeLimits = { readonly [K in keyof UserLimits]?: UserLimits[K] | undefined };

/** `own` where it says something, `base` elsewhere. */
function combine(base: UserLimits, own: SomeLimits): UserLimits {
  return {
    mounts: own.mounts ?? base.mounts,
    indexMemory: own.indexMemory ?? base.indexMemory,
    filesBeside: own.filesBeside ?? base.filesBeside,
    requests: own.requests ?? base.requests,
    connections: own.connections ?? base.connections,
    messageBytes: own.messageBytes ?? base.messageBytes,
    allowOther: own.allowOther ?? base.allowOther,
  };
}

interface Rule {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly limits: UserLimits;
}

export class Policy {
  readonly #administrators: number | undefined;
  readonly #limits: UserLimits;
  readonly #rules: readonly Rule[];

  /** Throws `policy` for a table that is not as it should be. */
  constructor(table: unknown = {}, name = 'policy') {
    const parsed = POLICY.safeParse(table);
    if (!parsed.success) throw describeFault(name, parsed.error);
    const { administrators, limits = {}, rules = [] } = parsed.data;
    this.#administrators = administrators === undefined ? undefined : findAccount('group', administrators);
    this.#limits = combine(DEFAULTS, limits);
    this.#rules = rules.map(({ user, group, ...own }) => ({
      uid: user === undefined ? undefined : findAccount('user', user),
      gid: group === undefined ? undefined : findAccount('group', group),
      limits: combine(this.#limits, own),
    }));
  }

  limitsOf({ uid, gid, groups }: Pick<PeerCredentials, 'uid' | 'gid' | 'groups'>): UserLimits {
    if (uid === 0) return ROOT;
    const rule = this.#rules.find(
      (one) => one.uid === uid || (one.gid !== undefined && (one.gid === gid || groups.includes(one.gid))),
    );
    return rule?.limits ?? this.#limits;
  }

  isAdministrator({ uid, gid, groups }: Pick<PeerCredentials, 'uid' | 'gid' | 'groups'>): boolean {
    const group = this.#administrators;
    return uid === 0 || (group !== undefined && (gid === group || groups.includes(group)));
  }

  /** The most connections that anybody but root may have. */
  get mostConnections(): number {
    return Math.max(this.#limits.connections, ...this.#rules.map(({ limits }) => limits.connections));
  }
}

/**
 * The policy in a file; the defaults where there is none and none was `wanted`. Throws `policy` for one that is wrong,
 * or that somebody else than root could have written.
 */
export function loadPolicy(wanted: string | undefined): Policy {
  const path = wanted ?? DEFAULT_POLICY_PATH;
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'ENOENT' && wanted === undefined) return new Policy();
    throw refuse(path, `it cannot be opened (${String(thrown)})`, 'a file of root', thrown);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
      throw refuse(path, `it has ${countBytes(stats.size)}`, `a file of at most ${MAX_FILE_BYTES}`);
    }
    refuseStrangers(path, stats);
    refuseStrangers(dirname(path), statSync(dirname(path)));
    return new Policy(parseJson(readFileSync(descriptor, 'utf8'), path), `"${path}"`);
  } finally {
    closeSync(descriptor);
  }
}

function refuseStrangers(path: string, { uid, mode }: Stats): void {
  const own = process.geteuid?.() ?? 0;
  if ((uid === 0 || uid === own) && (mode & WRITABLE_BY_OTHERS) === 0) return;
  const found = `it belongs to user ${uid} with mode ${(mode & 0o7777).toString(8)}`;
  throw refuse(path, found, 'root as its owner and nobody else who may write');
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw refuse(path, `it is no JSON (${String(thrown)})`, 'an object', thrown);
  }
}

function refuse(path: string, found: string, expected: string, cause?: unknown): IsodriveError {
  return new IsodriveError('policy', `Cannot trust the policy "${path}": ${found}, expected ${expected}`, {
    action: 'Correct the file or its owner and mode; README.md describes it',
    ...(cause === undefined ? {} : { cause }),
  });
}

function describeFault(name: string, { issues: [issue] }: z.ZodError): IsodriveError {
  const field = issue === undefined || issue.path.length === 0 ? 'the table' : `"${issue.path.join('.')}"`;
  return new IsodriveError('policy', `Policy in ${name} is wrong: ${field}: ${issue?.message ?? 'unknown'}`, {
    action: 'Correct the file; README.md describes it',
  });
}
