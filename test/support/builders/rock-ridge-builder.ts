// Small images with Rock Ridge, and the fields of their records.
import { ER, SP, both32, buildIso, field, join, px } from './iso-builder.js';
import type { RecordSpec } from './iso-builder.js';

export const FILE = 0o100644;
export const DIR = 0o040755;
export const LINK = 0o120777;
/** Flag of a record. */
export const DIRECTORY = 2;
/** Use of the root's own record: announces Rock Ridge. */
export const DOT_USE = join(SP, px(DIR, 2), ER);

export function rockRidge(
  root: readonly RecordSpec[],
  sectors: Readonly<Record<number, Uint8Array>> = {},
  dotUse: Uint8Array = DOT_USE,
): Uint8Array {
  return buildIso({ root, dotUse, sectors, length: 160 });
}

/** SL (RRIP 4.1.3) with components of flags and text. */
export function sl(flags: number, ...components: readonly (readonly [number, string])[]): Uint8Array {
  const parts = components.map(([kind, text]) =>
    Buffer.concat([Uint8Array.of(kind, text.length), Buffer.from(text, 'latin1')]),
  );
  return field('SL', flags, ...parts);
}

/** PX of RRIP 1.12, with a serial number. */
export function pxSerial(mode: number, links: number, serial: number): Uint8Array {
  return field('PX', both32(mode), both32(links), both32(0), both32(0), both32(serial));
}
