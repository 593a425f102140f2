// Plain images (.iso, .img, block devices): nothing but sectors of 2048 bytes user data, as a drive would give them.
import type { Disc, Track } from '../../disc/disc.js';
import { PlanStream } from '../../disc/plan-stream.js';
import { SECTOR_SIZE } from '../../disc/data-stream.js';
import type { Container } from '../format.js';

export const isoFormat: Container = {
  kind: 'container',
  name: 'iso',
  title: 'plain sectors of 2048 bytes',

  /** They have no mark of their own: what stands on them is a disc's. */
  probe({ main }, marks, signal) {
    return marks.look(main, signal);
  },

  open({ main }) {
    return Promise.resolve(createPlainDisc(PlanStream.plain(main)));
  },
};

function createPlainDisc(data: PlanStream): Disc {
  const track: Track = {
    number: 1,
    mode: 'mode1',
    start: 0,
    length: Math.ceil(data.size / SECTOR_SIZE),
  };
  return { format: isoFormat.name, sessions: [{ number: 1, tracks: [track] }], data };
}
