// What the daemon accepts as parameters: every message comes from another process, so each is checked here, once.
// Unknown fields are ignored, so that a newer client can talk to an older daemon.
import { countBytes } from '../../src/base/byte-count.js';
import { encodePath } from '../../src/base/path-text.js';
import { z } from 'zod';
import { IsodriveError } from '../../src/base/error.js';
import { OPTION_TABLES } from '../../src/options/mount-options.js';
import type { OptionTables } from '../../src/options/mount-options.js';
import { ABSOLUTE_PATH, MAX_PATH, checkedShape } from '../../src/options/option-schemas.js';
import { MAX_PASSED_BESIDE, MAX_TARGETS, PASSED_NAMES } from '../../src/protocol/messages.js';
import type { MethodName, Methods } from '../../src/protocol/messages.js';
import { withoutFolders } from '../../src/source/image-files.js';

/** As native/keeper takes it. */
const MAX_PROGRAM_BYTES = 2000;

/** It goes into a line of a message of bounded length. */
const programPath = ABSOLUTE_PATH.refine(
  (path) => Buffer.byteLength(path) < MAX_PROGRAM_BYTES && !path.includes('\n'),
  `expected less than ${countBytes(MAX_PROGRAM_BYTES)} on one line`,
);
const targetName = z.string().min(1).max(MAX_PATH);
/** Longest name of a file, in bytes (NAME_MAX). */
const MAX_NAME_BYTES = 255;
const fileName = z
  .string()
  .refine((name) => withoutFolders(name) === name, 'expected the name of a file, without folders')
  .refine(
    (name) => encodePath(name).length <= MAX_NAME_BYTES,
    `expected a name of at most ${countBytes(MAX_NAME_BYTES)}`,
  );
const none = z.object({});

/** Of these tables of options. */
export function createMountSchema(tables: OptionTables): z.ZodObject {
  return z.object({
    image: ABSOLUTE_PATH,
    descriptors: z.array(z.enum(PASSED_NAMES)).max(PASSED_NAMES.length).optional(),
    beside: z
      .array(fileName)
      .max(MAX_PASSED_BESIDE)
      .refine((names) => new Set(names).size === names.length, 'expected names that are all different')
      .optional(),
    ...checkedShape(tables.view),
    ...checkedShape(tables.mount),
  });
}

const SCHEMAS = {
  mount: createMountSchema(OPTION_TABLES),
  unmount: z.object({
    targets: z
      .array(z.object({ name: targetName, paths: z.array(ABSOLUTE_PATH).max(8) }))
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
