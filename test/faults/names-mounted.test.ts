// Images and mount points whose paths are not UTF-8, as whoever runs the tests and as an ordinary user; and a mount
// that verifies files of which nothing is recorded.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import type { CommandResult } from '../../scripts/support/run-command.js';
import { unpackFaultInput } from '../support/builders/fault-input.js';
import { needs } from '../support/needs.js';
import { findOrdinaryUser } from '../support/machines/ordinary-user.js';
import type { OrdinaryUser } from '../support/machines/ordinary-user.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';

describe.each(['ourselves', 'an ordinary user'])('Mounts of %s', needs('fusermount3'), (who) => {
  let user: OrdinaryUser;
  let isodrive: PrivateIsodrive;

  beforeAll(async () => {
    user = await findOrdinaryUser();
    isodrive = await PrivateIsodrive.start(who === 'ourselves' ? {} : user.options);
    await unpackFaultInput('label-utf8.iso', isodrive.folder);
  });
  afterAll(async () => {
    await isodrive[Symbol.asyncDispose]();
    await user[Symbol.asyncDispose]();
  });

  /** In a shell: `isodrive` is the program, and `\351` in printf a byte. */
  const shell = (script: string): Promise<CommandResult> => {
    const { env, program } = isodrive.daemon;
    const plain = join(isodrive.folder, 'label-utf8.iso');
    const start = `plain='${plain}'; isodrive() { '${program}' "$@"; }; mp="$(printf 'mp\\351\\nq')"; `;
    const identity = who === 'ourselves' ? {} : user.identity;
    return runCommand('sh', ['-c', start + script], { env, cwd: isodrive.folder, ...identity });
  };

  it('have any bytes in the paths of image and mount point, and are unmounted by both', async () => {
    const made = await shell(`
      cat "$plain" >"$(printf 'caf\\351,x.iso')" && mkdir "$mp" &&
      isodrive mount --driver fuse "$(printf 'caf\\351,x.iso')" "$mp" && cat "$mp/a.txt"`);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout.toString('latin1')).toBe(`${isodrive.folder}/mp\xe9\nq\na`);
    const listed = await shell('isodrive list');
    expect(listed.stdout.toString()).toContain('mp\\xe9\\x0aq');
    expect(listed.stdout.toString()).toContain('caf\\xe9,x.iso');
    expect(await shell('isodrive unmount "$mp"')).toMatchObject({ status: 0 });
    const again = await shell(`
      isodrive mount --driver fuse "$(printf 'caf\\351,x.iso')" "$mp" >/dev/null && isodrive unmount "$(printf 'caf\\351,x.iso')"`);
    expect(again).toMatchObject({ status: 0 });
    expect(isodrive.remainingMounts()).toEqual([]);
  });

  it('say so when they shall verify and no sums are recorded', async () => {
    const result = await shell(
      `cat "$plain" >plain.iso && mkdir m && isodrive mount --verify plain.iso m && isodrive status && isodrive unmount m`,
    );
    expect(result).toMatchObject({ status: 0 });
    expect(result.stderr).toContain('no sums are recorded on this disc: nothing will be verified');
    expect(result.stdout.toString()).toContain('1 finding,');
  });
});
