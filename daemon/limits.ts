// Bounds of one daemon, whatever its policy allows each user.

/** Mounts at a time. */
export const MAX_MOUNTS = 1024;

/** Calls of one client that may wait for their answers. */
export const MAX_PENDING = 64;
