/** Milliseconds for the daemon to open an image and mount it, wherever it lies. */
export const MOUNT_DEADLINE = 60_000;
