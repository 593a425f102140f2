// Codes and flags of tracks, as descriptors of images hold them: read strictly, since programs leave rubbish there.
import type { Track } from '../disc/disc.js';

const ISRC = /^[A-Z0-9]{5}[0-9]{7}$/;
const CATALOG = /^[0-9]{13}$/;
/** Bits of the control field of the Q subchannel (MMC-3 4.2.3.4). */
const CONTROL = { preEmphasis: 1, copyPermitted: 2, data: 4, fourChannels: 8 } as const;

/** Undefined for what is no recording code. */
export function parseIsrc(text: string): string | undefined {
  const code = text.toUpperCase();
  return ISRC.test(code) ? code : undefined;
}

/** Undefined for what is no catalogue number, and for one of nothing but zeros: there is none then. */
export function parseCatalog(text: string): string | undefined {
  return CATALOG.test(text) && !/^0+$/.test(text) ? text : undefined;
}

/** `control`: the low four bits. */
export function trackFlags(control: number): Pick<Track, 'preEmphasis' | 'copyPermitted' | 'fourChannels'> {
  const isData = (control & CONTROL.data) !== 0;
  return {
    copyPermitted: (control & CONTROL.copyPermitted) !== 0,
    ...(isData ? {} : { preEmphasis: (control & CONTROL.preEmphasis) !== 0 }),
    ...(isData ? {} : { fourChannels: (control & CONTROL.fourChannels) !== 0 }),
  };
}

/** The number that two decimal digits stand for; undefined for other bytes. */
export function fromBcd(byte: number): number | undefined {
  const [tens, ones] = [byte >> 4, byte & 0x0f];
  return tens > 9 || ones > 9 ? undefined : tens * 10 + ones;
}
