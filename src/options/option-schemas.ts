// Validators of option values, made from their table: for the control socket, and for what the daemon has written
// itself. The daemon alone loads this; the command line starts without a validator.
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { OptionTable, TableOption, ValueOf } from './option-spec.js';

/** PATH_MAX of Linux, its terminator excluded; the longest path of Windows, in the units that both count here. */
export const MAX_PATH = process.platform === 'win32' ? 32_767 : 4095;

export const ABSOLUTE_PATH = z
  .string()
  .max(MAX_PATH)
  .refine((path) => isAbsolute(path) && !path.includes('\0'), 'expected an absolute path');

/** Field -> schema of a value that may be absent: the parts of an object. */
export type Shape<T extends OptionTable> = {
  readonly [Field in keyof T]: z.ZodOptional<z.ZodType<ValueOf<T[Field]>>>;
};

/** Of values that another process sends: every bound is checked. */
export function checkedShape<T extends OptionTable>(table: T): Shape<T> {
  return shapeOf(table, checkedValue);
}

/** Of values that were checked when they came: only what they are. */
export function storedShape<T extends OptionTable>(table: T): Shape<T> {
  return shapeOf(table, storedValue);
}

function shapeOf<T extends OptionTable>(table: T, schemaOf: (option: TableOption) => z.ZodType): Shape<T> {
  const schemas = Object.entries(table).map(([field, option]) => [field, schemaOf(option).optional()]);
  return Object.fromEntries(schemas) as Shape<T>;
}

function checkedValue(option: TableOption): z.ZodType {
  const { range, maxLength, isPath, pattern } = option;
  if (range !== undefined) return z.number().int().min(range[0]).max(range[1]);
  if (isPath === true) return ABSOLUTE_PATH;
  if (pattern !== undefined) return z.string().regex(pattern.test, `expected ${pattern.expected}`);
  const isText = option.type === 'string' && option.choices === undefined;
  return isText
    ? z
        .string()
        .min(1)
        .max(maxLength ?? MAX_PATH)
    : storedValue(option);
}

function storedValue({ type, range, choices }: TableOption): z.ZodType {
  if (type === 'boolean') return z.boolean();
  if (range !== undefined) return z.number();
  return choices === undefined ? z.string() : z.enum(choices);
}
