// A disc of which the image holds the end: its addresses are those of the whole.
import { SECTOR_SIZE } from './data-stream.js';
import type { Disc } from './disc.js';
import { HEADLESS_BYTES, PAYLOAD_BYTES, RAW_SECTOR_SIZE, SUBCHANNEL_BYTES } from './sector-parity.js';

/** `sectors`: that the image lacks at the start. */
export function shiftDisc(disc: Disc, sectors: number): Disc {
  if (sectors === 0) return disc;
  const { data, raw, headless, payload, subchannel, sessions } = disc;
  return {
    ...disc,
    data: data.shifted(sectors * SECTOR_SIZE),
    ...(raw === undefined ? {} : { raw: raw.shifted(sectors * RAW_SECTOR_SIZE) }),
    ...(headless === undefined ? {} : { headless: headless.shifted(sectors * HEADLESS_BYTES) }),
    ...(payload === undefined ? {} : { payload: payload.shifted(sectors * PAYLOAD_BYTES) }),
    ...(subchannel === undefined
      ? {}
      : { subchannel: { ...subchannel, stream: subchannel.stream.shifted(sectors * SUBCHANNEL_BYTES) } }),
    sessions: sessions.map((session) => ({
      ...session,
      ...(session.leadOut === undefined ? {} : { leadOut: session.leadOut + sectors }),
      tracks: session.tracks.map((track) => ({
        ...track,
        start: track.start + sectors,
        ...(track.indexes === undefined ? {} : { indexes: track.indexes.map((at) => at + sectors) }),
      })),
    })),
  };
}
