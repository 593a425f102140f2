// Names of the kernel's requests (linux/fuse.h, enum fuse_opcode), for people.
const NAMES = new Map<number, string>([
  [1, 'LOOKUP'],
  [2, 'FORGET'],
  [3, 'GETATTR'],
  [5, 'READLINK'],
  [14, 'OPEN'],
  [15, 'READ'],
  [17, 'STATFS'],
  [18, 'RELEASE'],
  [22, 'GETXATTR'],
  [23, 'LISTXATTR'],
  [25, 'FLUSH'],
  [27, 'OPENDIR'],
  [28, 'READDIR'],
  [29, 'RELEASEDIR'],
  [36, 'INTERRUPT'],
  [38, 'DESTROY'],
  [42, 'BATCH_FORGET'],
  [44, 'READDIRPLUS'],
  [52, 'STATX'],
]);

/** The number itself where it has no name here. */
export function opcodeName(opcode: number): string {
  return NAMES.get(opcode) ?? String(opcode);
}
