// The command line of isodrived.
import { describe, expect, it } from 'vitest';
import { USAGE, parseDaemonOptions } from '../../daemon/daemon-options.js';
import { runCommand } from '../../scripts/support/run-command.js';
import { daemonProgram } from '../../src/protocol/start-daemon.js';
import { packageVersion } from '../../src/protocol/package-info.js';

describe('The command line of isodrived', () => {
  it('says what is wanted', () => {
    expect(parseDaemonOptions(['--socket', '/s', '--idle-timeout', '900', '--system'])).toEqual({
      socket: '/s',
      log: undefined,
      journal: undefined,
      idleTimeout: 900,
      system: true,
      policy: undefined,
      background: false,
    });
  });

  it.each([
    [['--bogus'], 'Cannot understand the command line'],
    [['word'], 'Cannot understand the command line'],
    [['--idle-timeout', 'soon'], 'Idle timeout is "soon"'],
  ])('is refused in words: %j', (argv, message) => {
    expect(() => parseDaemonOptions(argv)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });

  it('is answered by the program itself', async () => {
    const run = (...args: string[]) =>
      runCommand(process.execPath, [daemonProgram(), ...args], { env: process.env });
    const help = await run('--help');
    expect([help.status, help.stdout.toString()]).toEqual([0, `${USAGE}\n`]);
    const version = await run('--version');
    expect([version.status, version.stdout.toString()]).toEqual([0, `${packageVersion()}\n`]);
    const wrong = await run('--bogus');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/^isodrived: Cannot understand .*--bogus.*\nhint: See isodrived --help\n$/u);
  });
});
