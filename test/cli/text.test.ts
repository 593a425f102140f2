// Text that commands print for people.
import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatSeconds } from '../../src/cli/count-text.js';
import { formatLogLine } from '../../src/cli/format-log-line.js';
import { escapeHostText } from '../../src/base/display-name.js';
import { formatProgress } from '../../src/cli/progress-line.js';

describe('Texts for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [972.843_355_681, '973 B'],
    [1024, '1.0 KiB'],
    [1_610_612_736, '1.5 GiB'],
    [2 ** 60, '1048576.0 TiB'],
  ])('give %i bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '00:00'],
    [59.6, '01:00'],
    [3661, '01:01:01'],
    [90_061, '1 d 01:01:01'],
  ])('give %d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  it('count in words', () => {
    expect(formatCount(1, 'entry', 'entries')).toBe('1 entry');
    expect(formatCount(0, 'entry', 'entries')).toBe('0 entries');
  });

  it('show progress with bytes, speed and time left', () => {
    const progress = {
      bytesDone: 1024,
      bytesTotal: 4096,
      entriesDone: 1,
      entriesTotal: 2,
      bytesPerSecond: 512,
    };
    expect(formatProgress(progress)).toBe('25%  1.0 KiB of 4.0 KiB  512 B/s  00:06 left');
    expect(formatProgress({ ...progress, bytesTotal: 0, bytesDone: 0, bytesPerSecond: 0 })).toBe(
      '100%  0 B of 0 B  0 B/s  --:-- left',
    );
  });

  it('show paths of this machine as they are, and harmless', () => {
    expect(escapeHostText('D:\\a\u202eb', 'win32')).toBe('D:\\a<U+202E>b');
    expect(escapeHostText('\u001b', 'win32')).toBe('<U+001B>');
    // Where a name may hold a backslash, it is told from an escape.
    expect(escapeHostText('/a\\x1b\u001b', 'linux')).toBe('/a\\\\x1b\\x1b');
  });

  it('show lines of the log, and what is none as it is, harmless for a terminal', () => {
    const line = JSON.stringify({ level: 40, time: '2026-01-01T00:00:00.000Z', pid: 7, msg: 'odd', id: 'a' });
    expect(formatLogLine(line)).toBe('2026-01-01T00:00:00.000Z warn  [7] odd {"id":"a"}');
    expect(formatLogLine('FATAL \u001b[31m')).toBe('FATAL \\x1b[31m');
  });
});
