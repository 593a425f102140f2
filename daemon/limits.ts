// Bounds of one daemon, whatever its policy allows each user.

/** Mounts at a time. */
export const MAX_MOUNTS = 1024;

/** Files that images of several files have beyond their first, over all mounts: the store keeps each of them. */
export const MAX_FILES_BESIDE = 2048;

/** Calls of one client that may wait for their answers. */
export const MAX_PENDING = 64;
