// The serial number of a drive: the same whenever this machine serves the same image as the same unit, and no
// other's, so that initiators which know drives by it (multipath, /dev/disk/by-id) neither lose one nor take two for
// one.
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

/** Digits of a serial number: 64 bits. */
const SERIAL_DIGITS = 16;

/** `path`: absolute, of the image. Hexadecimal digits. */
export function nameDrive(path: string, unit: number): string {
  const identity = [hostname(), path, String(unit)].join('\0');
  return createHash('sha256').update(identity).digest('hex').slice(0, SERIAL_DIGITS);
}
