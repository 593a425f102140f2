// Times of entries as text: for programs ISO 8601 in UTC, because a disc is read far from where it was written; for
// people in the local time zone, as ls does.
import type { NodeTime } from '../../index/node-record.js';

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

/** The same of a time whose zone nothing tells: without "Z". */
export function formatZonelessTime(time: NodeTime): string {
  return formatIsoTime(time).slice(0, -1);
}

/** "2026-11-24 10:20:30", local time (TZ). */
export function formatLongTime(time: NodeTime): string {
  const date = toDate(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
