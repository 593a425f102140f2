// A mount as its record, and as the journal has that.
import type { MountRecord } from '../../../daemon/takeover/mount-record.js';

export const MOUNT_RECORD_SAMPLE: MountRecord = {
  id: '0badf00d',
  state: 'making',
  attempts: 0,
  wanted: { tree: 'auto', driver: 'auto', allowOther: false, bound: false, traceFuse: false },
  image: {
    path: '/images/a.iso',
    identity: {
      device: 1n,
      inode: 18446744073709551615n,
      modified: 1700000000123456789n,
      size: 2048n,
    },
    beside: [],
  },
  made: {
    tree: 'rock-ridge',
    driver: 'fuse',
    directory: '/mnt',
    created: true,
    mountedAt: '2026-01-01T00:00:00.000Z',
    passedOver: [{ driver: 'erofs', reason: 'it is no plain file' }],
  },
  findings: [{ code: 'a-code', severity: 'note', message: 'A message', at: { source: 'a.iso', offset: 1 } }],
  findingCount: 7,
  isLoaded: true,
};

/** What the first daemons wrote: flat, and read by all that came after. */
export const JOURNAL_ENTRY_SAMPLE = {
  id: '0badf00d',
  state: 'making',
  attempts: 0,
  image: '/images/a.iso',
  identity: { device: '1', inode: '18446744073709551615', modified: '1700000000123456789', size: '2048' },
  wantedTree: 'auto',
  tree: 'rock-ridge',
  wantedDriver: 'auto',
  view: {},
  driver: 'fuse',
  allowOther: false,
  bound: false,
  directory: '/mnt',
  created: true,
  mountedAt: '2026-01-01T00:00:00.000Z',
  passedOver: [{ driver: 'erofs', reason: 'it is no plain file' }],
  findings: [{ code: 'a-code', severity: 'note', message: 'A message', at: { source: 'a.iso', offset: 1 } }],
  findingCount: 7,
  isLoaded: true,
  traceFuse: false,
};
