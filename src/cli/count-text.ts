// Quantities as people read them.

export { formatBytes } from '../base/format-bytes.js';

/** Seconds as "2 d 03:04:05", "03:04:05" or "04:05". */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pair = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = `${pair(Math.floor(whole / 60) % 60)}:${pair(whole % 60)}`;
  if (days > 0) return `${days} d ${pair(hours)}:${minutes}`;
  return hours > 0 ? `${pair(hours)}:${minutes}` : minutes;
}

export function formatCount(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
