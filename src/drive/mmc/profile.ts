// Which kind of disc an image is shown as. Where the image does not say, its size decides, as a drive would by the
// disc.
import type { Disc } from '../../disc/disc.js';

/** Profiles (MMC-6). */
export const CD_ROM = 0x0008;
export const DVD_ROM = 0x0010;
export const BD_ROM = 0x0040;
export const NO_PROFILE = 0x0000;

export type Profile = typeof CD_ROM | typeof DVD_ROM | typeof BD_ROM;

/** Blocks of an 80-minute CD: a plain image that is larger never came from one. */
const MAX_CD_BLOCKS = 80 * 60 * 75;
/** Blocks of a DVD with one layer (ECMA-267: 4.7 GB). */
export const MAX_LAYER_BLOCKS = 2_298_496;
/** Blocks of a DVD with two layers (ECMA-267: 8.54 GB a side), rounded up to the last ECC block. */
const MAX_DVD_BLOCKS = 4_173_824;

export function profileOf(disc: Disc, blocks: number): Profile {
  if (isCd(disc) || (disc.medium === undefined && blocks <= MAX_CD_BLOCKS)) return CD_ROM;
  return blocks <= MAX_DVD_BLOCKS ? DVD_ROM : BD_ROM;
}

/** Nothing else has whole sectors, subchannels, or tracks that are not of mode 1. */
function isCd({ medium, raw, subchannel, sessions }: Disc): boolean {
  if (medium !== undefined) return medium === 'cd';
  const hasOtherTracks = sessions.some(({ tracks }) => tracks.some(({ mode }) => mode !== 'mode1'));
  return raw !== undefined || subchannel !== undefined || hasOtherTracks;
}
