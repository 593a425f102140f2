// Times of entries as text: ISO 8601, always UTC, because a disc is read far from where it
// was written, unless the format has local time that nothing tells the zone of.
import type { NodeTime } from '../index/node-record.js';

/** Seconds from the epoch that a Date can say (ECMA-262 21.4.1.1); times beyond show as the last one. */
const MAX_DATE_SECONDS = 8_640_000_000_000;

function toDate(time: NodeTime): Date {
  const seconds = Math.max(-MAX_DATE_SECONDS, Math.min(MAX_DATE_SECONDS, time.seconds));
  return new Date(seconds * 1000);
}

/** "2026-11-24T10:20:30Z", with six digits of fraction when it is not zero. */
export function formatIsoTime(time: NodeTime): string {
  const whole = toDate(time).toISOString().slice(0, -'.000Z'.length);
  return time.microseconds === 0 ? `${whole}Z` : `${whole}.${String(time.microseconds).padStart(6, '0')}Z`;
}

/** The same of a local time: without "Z". */
export function formatLocalTime(time: NodeTime): string {
  return formatIsoTime(time).slice(0, -1);
}

/** "2026-11-24 10:20:30". */
export function formatLongTime(time: NodeTime): string {
  return toDate(time).toISOString().slice(0, -'.000Z'.length).replace('T', ' ');
}
