// A boot image for PC firmware (El Torito, no emulation) that says so on the first serial port and ends the machine
// through QEMU's isa-debug-exit at port F4h.

/** What the machine writes. */
export const BOOT_MESSAGE = 'booted from this disc\r\n';
/** Exit status of QEMU: twice the value that is written there, and one. */
export const BOOT_STATUS = 0x10 * 2 + 1;

// prettier-ignore
const CODE = [
  0xe8, 0x00, 0x00, // call next
  0x5e,             // next: pop si, wherever the firmware has loaded this to
  0x83, 0xc6, 0x19, // add si, message - next
  0x2e, 0xac,       // again: lodsb, from cs
  0x84, 0xc0,       // test al, al
  0x74, 0x06,       // jz done
  0xba, 0xf8, 0x03, // mov dx, 3F8h
  0xee,             // out dx, al
  0xeb, 0xf4,       // jmp again
  0xb0, 0x10,       // done: mov al, 10h
  0xba, 0xf4, 0x00, // mov dx, F4h
  0xee,             // out dx, al
  0xf4,             // hlt
  0xeb, 0xfd,       // jmp to it
];

/** One sector of a disc. */
export function bootImage(): Buffer {
  const image = Buffer.alloc(2048);
  image.set(CODE);
  image.write(`${BOOT_MESSAGE}\0`, CODE.length, 'latin1');
  return image;
}
