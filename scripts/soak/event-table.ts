// All events of a soak.
import { CYCLE_EVENTS } from './events/cycles.js';
import { DISK_EVENTS } from './events/full-disks.js';
import { IMAGE_EVENTS } from './events/images.js';
import { KILL_EVENTS } from './events/kills.js';
import { MEDIUM_EVENTS } from './events/media.js';
import { UPGRADE_EVENTS } from './events/upgrades.js';
import type { SoakEvent } from './soak-event.js';

export const SOAK_EVENTS: readonly SoakEvent[] = [
  ...KILL_EVENTS,
  ...DISK_EVENTS,
  ...MEDIUM_EVENTS,
  ...IMAGE_EVENTS,
  ...UPGRADE_EVENTS,
  ...CYCLE_EVENTS,
];
