// Ends a daemon that has had nothing to do for a while: the next client starts another.

/** Looks within one idle period. */
const LOOKS = 4;
const MAX_INTERVAL = 10_000;

/** Calls `end` once `isIdle` was true at every look for `seconds`. */
export function startIdleTimer(seconds: number, isIdle: () => boolean, end: () => void): void {
  const period = seconds * 1000;
  let busyAt = performance.now();
  const timer = setInterval(
    () => {
      const now = performance.now();
      if (!isIdle()) busyAt = now;
      else if (now - busyAt >= period) {
        clearInterval(timer);
        end();
      }
    },
    Math.max(10, Math.min(MAX_INTERVAL, period / LOOKS)),
  );
  timer.unref();
}
