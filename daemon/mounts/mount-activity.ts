// Tells those who watch what their mounts are doing, as long as they do something and somebody watches.
import type { EventBus } from './event-bus.js';
import type { MountedImage } from './mounted-image.js';
import { summarizeCounters } from './summarize-counters.js';

/** Milliseconds between two reports of a mount. */
const INTERVAL = 2000;

/** Starts to report; the process need not stay for it. Gives the function that ends it. */
export function reportActivity(listMounts: () => readonly MountedImage[], events: EventBus): () => void {
  const seen = new WeakMap<MountedImage, number>();
  const look = (): void => {
    for (const mount of listMounts()) {
      const { counters } = mount.active;
      if (counters === undefined || counters.requests === (seen.get(mount) ?? 0)) continue;
      seen.set(mount, counters.requests);
      if (!events.isHeard) continue;
      const time = new Date().toISOString();
      const event = {
        event: 'activity',
        time,
        mount: mount.name(),
        counters: summarizeCounters(counters),
      } as const;
      events.emit(event, mount.owner);
    }
  };
  const timer = setInterval(look, INTERVAL).unref();
  return () => clearInterval(timer);
}
