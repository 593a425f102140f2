// Who holds the mounts of this daemon, by what the system offers.
import { IsodriveError } from '../src/base/error.js';
import { tryToLoadAddon } from '../src/io/load-addon.js';
import { createDrivers, createErofsDriver, createUserDrivers } from './mounts/drivers.js';
import type { EventBus } from './mounts/event-bus.js';
import { Journal } from './takeover/journal.js';
import type { DaemonLog } from './log.js';
import { MountPersistence } from './takeover/mount-persistence.js';
import { MountManager } from './mounts/mount-manager.js';
import type { UserAccounts } from './mounts/mount-manager.js';
import type { MountService } from './mounts/mount-service.js';
import { readLimits, readUnitBudget } from './reader/reader-limits.js';
import { ReaderPool } from './reader/reader-pool.js';
import type { ServiceManager } from './takeover/service-manager.js';

export interface CreateMountsOptions {
  readonly socketPath: string;
  /** Where the journal of mounts is kept. */
  readonly journalPath: string;
  /** Of the system service; undefined for a daemon of one user. */
  readonly users: UserAccounts | undefined;
  readonly service: ServiceManager;
  readonly events: EventBus;
  readonly log: DaemonLog;
}

/** Rejects with `unsupported` on macOS, and, on Windows, with `policy` where the addon was not built. */
export async function createMounts(options: CreateMountsOptions): Promise<MountService> {
  const { socketPath, journalPath, users, service, events, log } = options;
  if (process.platform === 'win32') {
    const { requireWindowsAddon } = await import('../src/io/load-windows-addon.js');
    const { WindowsMounts } = await import('./windows/windows-mounts.js');
    return new WindowsMounts({ addon: requireWindowsAddon(), journalPath, events, log });
  }
  if (process.platform === 'darwin') {
    throw new IsodriveError('unsupported', 'Cannot mount on macOS: no driver is written for it', {
      action: 'Read images with ls, cat and extract, or attach those that macOS knows with hdiutil attach',
    });
  }
  const persistence = new MountPersistence(new Journal(journalPath, log), service);
  const erofs = users === undefined ? createErofsDriver(socketPath) : undefined;
  const drivers = erofs === undefined ? createUserDrivers() : createDrivers(erofs);
  tryToLoadAddon()?.setUnitBudget(readUnitBudget(process.env));
  const readers = new ReaderPool(readLimits(process.env));
  return new MountManager({ drivers, erofs, users, persistence, readers, events, log });
}
