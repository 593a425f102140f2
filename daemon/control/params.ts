// What the daemon accepts as parameters: every message comes from another process, so each is checked here, once.
// Unknown fields are ignored, so that a newer client can talk to an older daemon.
import { countBytes } from '../../src/base/byte-count.js';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { IsodriveError } from '../../src/base/error.js';
import { MAX_SECTOR_OFFSET } from '../../src/disc/data-stream.js';
import { TREE_KINDS } from '../../src/filesystem/contract/file-tree.js';
import { DRIVER_NAMES } from '../../src/mount/mount-driver.js';
import { MAX_TARGETS, PASSED_NAMES } from '../../src/protocol/messages.js';
import type { MethodName, Methods } from '../../src/protocol/messages.js';

/** PATH_MAX of Linux, its terminator excluded; the longest path of Windows, in the units that both count here. */
const MAX_PATH = process.platform === 'win32' ? 32_767 : 4095;

/** As native/keeper takes it. */
const MAX_PROGRAM_BYTES = 2000;

const absolutePath = z
  .string()
  .max(MAX_PATH)
  .refine((path) => isAbsolute(path) && !path.includes('\0'), 'expected an absolute path');
/** It goes into a line of a message of bounded length. */
const programPath = absolutePath.refine(
  (path) => Buffer.byteLength(path) < MAX_PROGRAM_BYTES && !path.includes('\n'),
  `expected less than ${countBytes(MAX_PROGRAM_BYTES)} on one line`,
);
const targetName = z.string().min(1).max(MAX_PATH);
const none = z.object({});

const SCHEMAS = {
  mount: z.object({
    image: absolutePath,
    directory: absolutePath.optional(),
    tree: z.enum([...TREE_KINDS, 'auto']).optional(),
    session: z.number().int().min(1).optional(),
    sectorOffset: z.number().int().min(0).max(MAX_SECTOR_OFFSET).optional(),
    map: absolutePath.optional(),
    charset: z.string().min(1).max(64).optional(),
    associated: z.boolean().optional(),
    verify: z.boolean().optional(),
    driver: z.enum([...DRIVER_NAMES, 'auto']).optional(),
    new: z.boolean().optional(),
    allowOther: z.boolean().optional(),
    descriptors: z.array(z.enum(PASSED_NAMES)).max(PASSED_NAMES.length).optional(),
    traceFuse: z.boolean().optional(),
    wine: z.boolean().optional(),
    bound: z.boolean().optional(),
    letter: z
      .string()
      .regex(/^[A-Z]$/u, 'expected a letter of A to Z')
      .optional(),
  }),
  unmount: z.object({
    targets: z
      .array(z.object({ name: targetName, paths: z.array(absolutePath).max(8) }))
      .max(MAX_TARGETS)
      .optional(),
    all: z.boolean().optional(),
    lazy: z.boolean().optional(),
  }),
  bind: z.object({ id: targetName }),
  list: none,
  status: none,
  watch: none,
  version: none,
  shutdown: z.object({ force: z.boolean().optional() }),
  upgrade: z.object({
    successor: z.object({ executable: programPath, program: programPath }).optional(),
    force: z.boolean().optional(),
  }),
} satisfies Record<MethodName, z.ZodType>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(SCHEMAS, name);
}

/** The parameters of a call, checked. Throws `usage` with the field and what it should be. */
export function parseParams<M extends MethodName>(method: M, params: unknown): Methods[M]['params'] {
  const parsed = SCHEMAS[method].safeParse(params ?? {});
  if (parsed.success) return parsed.data as Methods[M]['params'];
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'params' : issue.path.join('.');
  throw new IsodriveError(
    'usage',
    `Parameter "${field}" of "${method}" is wrong: ${issue?.message ?? 'unknown'}`,
  );
}
