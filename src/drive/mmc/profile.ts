// Which kind of disc an image is shown as. Images do not say, so their size decides, as a drive would by the disc.

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

export function profileOf(blocks: number): Profile {
  if (blocks <= MAX_CD_BLOCKS) return CD_ROM;
  return blocks <= MAX_DVD_BLOCKS ? DVD_ROM : BD_ROM;
}
