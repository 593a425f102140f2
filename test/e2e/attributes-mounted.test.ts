// Extended attributes and access control lists on a real mount: what getfattr and getfacl say of the tree that xorriso
// made the image from, they say of the mount too.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/support/run-command.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import { MountedImage } from '../support/programs/mounted-image.js';
import { PrivateIsodrive } from '../support/programs/private-isodrive.js';
import { has, needs } from '../support/needs.js';

const run = promisify(execFile);
const PROGRAMS = ['xorriso', 'getfacl', 'setfacl', 'getfattr', 'setfattr'] as const;
const { available } = await createFuseDriver().check();

/** By the kernel's EROFS as well, which obeys and shows them by itself. */
const DRIVERS = ['fuse', 'erofs', 'erofs-loop'] as const;
const trial = mkdtempSync(join(tmpdir(), 'isodrive-attributes-trial-'));
const unusable = new Set<string>();
for (const [name, backing] of [
  ['erofs', 'file'],
  ['erofs-loop', 'loop'],
] as const) {
  const driver = new ErofsDriver({ folder: trial, backings: [backing] });
  if (!(await driver.check()).available) unusable.add(name);
}
rmSync(trial, { recursive: true, force: true });

let folder: string;
let tree: string;
let image: string;

function makeTree(): void {
  mkdirSync(join(tree, 'sub/deeper'), { recursive: true });
  for (const name of ['plain', 'coloured', 'listed', 'sub/both']) writeFileSync(join(tree, name), name);
  const set = (name: string, attribute: string, value: string): void => {
    execFileSync('setfattr', ['-n', attribute, '-v', value, join(tree, name)]);
  };
  set('coloured', 'user.colour', 'blue');
  set('coloured', 'user.long', 'a long value, '.repeat(100));
  set('coloured', 'user.binary', '0x00ff0180');
  set('sub', 'user.of.a.directory', '1');
  set('sub/both', 'user.name', 'both');
  execFileSync('setfacl', ['-m', 'u:12345:rw,g:54321:r,g:7:-,m::rw', join(tree, 'listed')]);
  execFileSync('setfacl', ['-m', 'u:1:r', join(tree, 'sub/both')]);
  execFileSync('setfacl', ['-m', 'd:u:70000:rwx,d:g:3:rx', join(tree, 'sub')]);
}

beforeAll(() => {
  if (!has(...PROGRAMS)) return;
  folder = mkdtempSync(join(tmpdir(), 'isodrive-attributes-'));
  tree = join(folder, 'tree');
  image = join(folder, 'image.iso');
  mkdirSync(tree);
  makeTree();
  const commands = ['-acl', 'on', '-xattr', 'on', '-outdev', image, '-map', tree, '/', '-commit'];
  execFileSync('xorriso', commands, { stdio: 'ignore' });
});
afterAll(() => {
  if (has(...PROGRAMS)) rmSync(folder, { recursive: true, force: true });
});

async function look(directory: string, command: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `cd "$1" && ${command}`, 'sh', directory], { timeout: 20_000 });
  return stdout;
}

describe.each(DRIVERS)(
  `a mount by %s`,
  needs(...PROGRAMS, { what: 'driver fuse', isThere: available }),
  (driver) => {
    it(
      'shows the attributes and access control lists of the tree it was made from',
      needs({ what: `driver ${driver}`, isThere: !unusable.has(driver) }),
      async () => {
        await using mounted = await MountedImage.mount(image, driver);
        for (const command of [
          'find . | sort | xargs getfattr -d -m user. -e hex',
          'find . | sort | xargs getfacl -n',
          'getfattr -n user.long --only-values coloured',
        ]) {
          const shown = await look(mounted.directory, command);
          expect(shown.length).toBeGreaterThan(100);
          expect(shown).toBe(await look(tree, command));
        }
      },
    );

    it(
      'says that there is no such attribute',
      needs({ what: `driver ${driver}`, isThere: !unusable.has(driver) }),
      async () => {
        await using mounted = await MountedImage.mount(image, driver);
        await expect(look(mounted.directory, 'getfattr -n user.colour plain')).rejects.toMatchObject({
          stderr: expect.stringContaining('No such attribute') as unknown,
        });
      },
    );
  },
);

describe(
  'an access control list of an image',
  needs('root', 'setpriv', ...PROGRAMS, { what: 'driver fuse', isThere: available }),
  () => {
    it('is what lets users in and keeps them out', async () => {
      // The list of "listed": user 12345 rw, group 54321 r, group 7 nothing, mask rw; others get what the mode says.
      const secret = join(tree, 'secret');
      writeFileSync(secret, 'for some only', { mode: 0o600 });
      execFileSync('setfacl', ['-m', 'u:12345:r,g:54321:r,u:777:-,m::r', secret]);
      const own = join(folder, 'own.iso');
      const commands = ['-acl', 'on', '-outdev', own, '-map', secret, '/secret', '-commit'];
      execFileSync('xorriso', commands, { stdio: 'ignore' });
      rmSync(secret);
      await using isodrive = await PrivateIsodrive.start();
      const directory = await isodrive.makeDirectory();
      for (const place of [isodrive.folder, directory]) chmodSync(place, 0o755);
      for (const driver of ['fuse', 'erofs']) {
        const mounted = await isodrive.daemon.run([
          'mount',
          own,
          directory,
          '--driver',
          driver,
          '--allow-other',
        ]);
        // Kernels without what driver erofs needs say so.
        if (driver === 'erofs' && mounted.status !== 0) continue;
        expect(mounted.stderr).toBe('');
        const read = async (uid: number, gid: number): Promise<string> => {
          const ids = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'];
          const result = await runCommand('setpriv', [...ids, 'cat', join(directory, 'secret')], {
            cwd: '/',
          });
          return result.stdout.toString() + (result.stderr.includes('Permission denied') ? 'refused' : '');
        };
        const shown = [
          await read(12_345, 9),
          await read(999, 54_321),
          await read(999, 999),
          await read(777, 54_321),
        ];
        expect([driver, ...shown]).toEqual([driver, 'for some only', 'for some only', 'refused', 'refused']);
        await isodrive.daemon.must('unmount', directory);
      }
    });
  },
);
