// Values of options, by field: those of one table among others, and whether two sets of them ask for the same.
import type { OptionTable, TableOption } from './option-spec.js';

type Values = Readonly<Record<string, unknown>>;

/** Those of the table's options that are there. `V`: what they are, as the table has them. */
export function pickValues<V extends object>(table: OptionTable, from: V | object): V {
  const given = Object.entries(from).filter(
    ([field, value]) => value !== undefined && Object.hasOwn(table, field),
  );
  return Object.fromEntries(given) as V;
}

export interface Compared {
  readonly asked: object;
  /** What there is was asked for so. */
  readonly wanted: object;
  /** What has come of it, where that is known: what it shows stands for what was wanted. */
  readonly shown?: object;
  /** What an absent value stands for, where the table does not say. */
  readonly usual?: object;
}

/**
 * Whether what is asked for is what there is: for every option the value is the one that was wanted, or that is
 * shown.
 */
export function isSame(table: OptionTable, { asked, wanted, shown = {}, usual = {} }: Compared): boolean {
  return Object.entries(table).every(([field, option]) => {
    const valueIn = (values: Values): unknown => normalize(values[field] ?? (usual as Values)[field], option);
    const value = valueIn(asked as Values);
    return value === valueIn(wanted as Values) || (field in shown && value === valueIn(shown as Values));
  });
}

function normalize(value: unknown, option: TableOption): unknown {
  const { type, choices, ignoresCase, usual } = option;
  if (value === undefined) return type === 'boolean' ? false : choices === undefined ? usual : option.default;
  return ignoresCase === true && typeof value === 'string' ? value.toLowerCase() : value;
}
