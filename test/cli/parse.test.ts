// The command line: what is understood, and what is said of what is not.
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { GLOBAL_OPTIONS, HASH } from '../../src/cli/common-options.js';
import { OFFERED_ALGORITHMS } from '../../src/imaging/hash/digests.js';
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
    ['mount disc.iso', { command: 'mount', images: ['disc.iso'] }],
    [
      'mount disc.iso dir --tree joliet --driver=fuse --new --allow-other --json',
      {
        command: 'mount',
        images: ['disc.iso', 'dir'],
        tree: 'joliet',
        driver: 'fuse',
        new: true,
        'allow-other': true,
        json: true,
      },
    ],
    ['mount --new 1e3 007', { command: 'mount', images: ['1e3', '007'], new: true }],
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
    ['umount a', { command: 'unmount', targets: ['a'] }],
    ['x -C - disc.iso', { command: 'extract', image: 'disc.iso', paths: [], directory: '-' }],
    ['checksum a --hash MD5,sha1', { command: 'checksum', image: 'a', paths: [], hash: 'MD5,sha1' }],
    ['daemon logs -n5', { command: 'daemon logs', lines: '5' }],
    ['help daemon stop', { command: 'help', topic: ['daemon', 'stop'] }],
    ['daemon stop --help --json', { command: 'help', topic: ['daemon', 'stop'], json: true }],
    ['daemon -h', { command: 'help', topic: ['daemon'] }],
    ['mount a --bogus --help', { command: 'help', topic: ['mount'] }],
    ['--help', { command: 'help', topic: [] }],
    ['cat -- a -h', { command: 'cat', image: 'a', path: '-h' }],
    ['-v', { command: 'version' }],
    ['--json --version', { command: 'version', json: true }],
    ['completion fish', { command: 'completion', shell: 'fish' }],
  ])('means what it says: %s', (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });

  it.each([
    ['', 'No command given', 'See isodrive help'],
    ['frobnicate', 'Unknown command "frobnicate"', 'See isodrive help'],
    ['muont a', 'Unknown command "muont"', 'Did you mean mount? See isodrive help'],
    ['-f list', 'Unknown option -f', 'See isodrive help'],
    ['mount', 'Argument IMAGE... is missing, expected: disc images', 'See isodrive help mount'],
    ['ls a b c', 'Argument "c" is one too many, expected: isodrive ls [OPTION]... IMAGE [PATH]', ''],
    ['mount -f a', 'Unknown option -f, expected one of "mount"', 'See isodrive help mount'],
    ['ls -la a', 'Unknown option -a in "-la"', 'See isodrive help ls'],
    ['ls -lh a', 'Unknown option -h in "-lh"', 'See isodrive help ls'],
    ['info -v a', 'Unknown option -v', 'See isodrive help info'],
    ['mount a --tre joliet', 'Unknown option --tre', 'Did you mean --tree? See isodrive help mount'],
    ['l a --recrusive', 'Unknown option --recrusive', 'Did you mean --recursive?'],
    ['ls a --socket /s', 'Unknown option --socket, expected one of "ls"', ''],
    ['cat a /b --json', 'Unknown option --json, expected one of "cat"', ''],
    ['run a ls -l', 'Unknown option -l', 'Write "--" before the command that has options.'],
    ['mount a --tree ntfs', 'Option --tree is "ntfs", expected one of auto, xdvdfs', ''],
    ['mount a --tree jolet', 'Option --tree is "jolet"', 'Did you mean joliet?'],
    ['mount a --tree', 'Option --tree has no value, expected one of auto', ''],
    ['index a -o --json', 'Option --output has no value, found "--json"', 'Write --output=--json'],
    ['mount a --tree=', 'Option --tree is "", expected one of auto', ''],
    ['mount a --new=1', 'Option --new is "1", expected it without a value', ''],
    ['ls a --hash md6', 'Option --hash is "md6", expected some of md5', 'Did you mean md5?'],
    ['create a b --retries 1001', 'Option --retries is "1001", expected a number from 0 to 1000', ''],
    ['daemon', 'No daemon command given, expected one of run, start', 'See isodrive help daemon'],
    ['daemon stat', 'Unknown command "daemon stat", expected one of run', 'Did you mean start?'],
    ['completion tcsh', 'Argument SHELL is "tcsh", expected one of bash, zsh, fish', ''],
  ])('is refused with the reason: %s', (line, message, hint) => {
    const refused = expect.objectContaining({
      code: 'usage',
      message: expect.stringContaining(message) as string,
      action: expect.stringContaining(hint) as string,
    }) as Error;
    expect(() => parseCommand(line === '' ? [] : line.split(' '))).toThrow(refused);
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

  it('takes digests by one list of names in every command', () => {
    expect(HASH.choices).toEqual(OFFERED_ALGORITHMS);
    for (const { name, options } of COMMANDS) {
      const hash = options.find((option) => option.name === 'hash');
      expect([name, hash?.choices ?? OFFERED_ALGORITHMS]).toEqual([name, OFFERED_ALGORITHMS]);
    }
  });
});
