// What firmware may start from a disc, as its boot catalogue lists it (El Torito 1.0).

export type BootPlatform = 'x86' | 'powerpc' | 'mac' | 'efi' | 'unknown';
export type BootEmulation = 'none' | 'floppy-1.2' | 'floppy-1.44' | 'floppy-2.88' | 'hard-disk' | 'unknown';

export interface BootEntry {
  readonly platform: BootPlatform;
  readonly bootable: boolean;
  readonly emulation: BootEmulation;
  /** Byte offset of the boot image on the disc. */
  readonly offset: number;
  /** Bytes that the firmware loads at first. */
  readonly loadSize: number;
}
