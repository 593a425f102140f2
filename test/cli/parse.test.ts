// The command line: what is understood, and what is said of what is not.
import { describe, expect, it } from 'vitest';
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/command-table.js';
import { explainUsage } from '../../src/cli/explain-usage.js';
import { parseCommand } from '../../src/cli/parse-command.js';

/** Everything that a command can ask its arguments for. */
function parse(line: string): Record<string, unknown> {
  const { spec, args } = parseCommand(line.split(' '));
  const result: Record<string, unknown> = { command: spec.name };
  for (const { name, type } of [...GLOBAL_OPTIONS, ...spec.options]) {
    if (type === 'boolean' && args.flag(name)) result[name] = true;
    if (type === 'string' && args.text(name) !== undefined) result[name] = args.text(name);
  }
  for (const { name, variadic } of spec.positionals) {
    const value = variadic === true ? args.list(name) : args.text(name);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

describe('A command line', () => {
  it.each([
    ['mount disc.iso', { command: 'mount', image: 'disc.iso' }],
    [
      'mount disc.iso dir --tree joliet --driver=fuse --new --allow-other --json',
      {
        command: 'mount',
        image: 'disc.iso',
        dir: 'dir',
        tree: 'joliet',
        driver: 'fuse',
        new: true,
        'allow-other': true,
        json: true,
      },
    ],
    ['mount --new 1e3 007', { command: 'mount', image: '1e3', dir: '007', new: true }],
    ['unmount a b 12 -al', { command: 'unmount', targets: ['a', 'b', '12'], all: true, lazy: true }],
    ['unmount', { command: 'unmount', targets: [] }],
    ['--json --socket /s unmount a b', { command: 'unmount', targets: ['a', 'b'], json: true, socket: '/s' }],
    ['--socket=/s list', { command: 'list', socket: '/s' }],
    [
      'ls disc.iso /a/b -lR --hash sha256',
      { command: 'ls', image: 'disc.iso', path: '/a/b', long: true, recursive: true, hash: 'sha256' },
    ],
    [
      'extract disc.iso a b c -C out',
      { command: 'extract', image: 'disc.iso', paths: ['a', 'b', 'c'], directory: 'out' },
    ],
    ['extract disc.iso -Cout', { command: 'extract', image: 'disc.iso', paths: [], directory: 'out' }],
    [
      'info disc.iso --check --session 2 --sector-offset 256 --charset koi8-r --associated',
      {
        command: 'info',
        image: 'disc.iso',
        check: true,
        session: '2',
        'sector-offset': '256',
        charset: 'koi8-r',
        associated: true,
      },
    ],
    ['cat -- disc.iso --odd-name', { command: 'cat', image: 'disc.iso', path: '--odd-name' }],
    ['daemon logs -n 5 -f', { command: 'daemon logs', lines: '5', follow: true }],
    ['completion fish', { command: 'completion', shell: 'fish' }],
  ])('means what it says: %s', (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  it.each([
    ['', 'No command given'],
    ['frobnicate', 'Command is "frobnicate", expected one of mount, unmount'],
    ['mount', 'Not enough non-option arguments'],
    ['mount a b c', 'Unknown argument: c'],
    ['mount a --tree ntfs', 'Invalid values: Argument: tree, Given: "ntfs", Choices: "auto", "rock-ridge"'],
    ['mount a --tree', 'Not enough arguments following: tree'],
    ['mount a --tree=', 'Invalid values'],
    ['ls a --bogus', 'Unknown argument: bogus'],
    ['daemon', 'No daemon command given'],
    ['daemon dance', 'Unknown argument: dance'],
    ['completion tcsh', 'Choices: "bash", "zsh", "fish"'],
  ])('is refused with the reason: %s', (line, why) => {
    const argv = line === '' ? [] : line.split(' ');
    expect(() => parseCommand(argv)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(() => explainUsage(argv)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(why) as string }) as Error,
    );
  });

  it.each([[['mount', '']], [['unmount', '']], [['mount', 'a', '']], [['list', '--socket', '']]])(
    'is refused when an argument is empty, as from an unset variable: %o',
    (argv) => {
      expect(() => parseCommand(argv)).toThrow(
        expect.objectContaining({
          code: 'usage',
          message: expect.stringMatching(/is "", expected/) as string,
        }) as Error,
      );
    },
  );

  it('is explained for every command and every option', () => {
    for (const { name, summary, options } of COMMANDS) {
      const help = explainUsage([...name.split(' '), '--help']) ?? '';
      expect(help.replace(/\s+/gu, ' ')).toContain(summary);
      for (const option of [...options, ...GLOBAL_OPTIONS]) expect(help).toContain(`--${option.name}`);
    }
  });
});
