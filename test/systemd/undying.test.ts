// A daemon under systemd that cannot die, since closing its image waits for ever: the next one serves its mounts all the
// same. A manager of its own (systemd --user, run by root) in a mount namespace, so that the machine need not have systemd.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../scripts/bench/run-command.js';
import { SMALL_IMAGE } from '../support/daemon-process.js';
import { needs } from '../support/needs.js';

const PROJECT = join(import.meta.dirname, '..', '..');
const MANAGER = '/lib/systemd/systemd';
const TIME_LIMIT = 300_000;

/** Bash: one line for each thing that was seen. The system's unit restarts as this one does. */
const SCRIPT = `
project=$1
cd $2
mount --make-rprivate /
mount -t tmpfs none /run/systemd 2> /dev/null || { mkdir /run/systemd && mount -t tmpfs none /run/systemd; }
mkdir -p /run/systemd/system run conf/systemd/user/isodrived.service.d .local/bin good hanging medium
chmod 700 run
export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run XDG_CONFIG_HOME=$PWD/conf XDG_STATE_HOME=$PWD/state
ln -s $project/dist/bundle/isodrived.js .local/bin/isodrived
cp $project/systemd/user/* conf/systemd/user/
printf '[Service]\\nEnvironment=PATH=%s\\nKillMode=process\\n' "$PATH" > conf/systemd/user/isodrived.service.d/test.conf
${MANAGER} --user --unit=basic.target > manager.log 2>&1 &
manager=$!
isodrive() { node $project/dist/bundle/isodrive.js "$@"; }
property() { systemctl --user show isodrived.service --property "$1" --value; }
await() { for _ in $(seq 200); do if eval "$1"; then return; fi; sleep 0.2; done; echo "not in time: $1"; }
await 'systemctl --user start isodrived.socket 2> /dev/null'
cp $3 disc.iso
node $project/test/support/bad-sector-mount.mjs $PWD/disc.iso $PWD/medium 0 0 flush > ready &
server=$!
await 'grep -q ready ready'
isodrive mount $3 good --driver fuse > /dev/null
isodrive mount medium/disc.iso hanging --driver fuse > /dev/null
pid=$(property MainPID)
touch disc.iso.hang
kill -KILL $pid
await '[ "$(property MainPID)" != '$pid' ] && timeout 20 cmp good/COPYING good/COPYING'
[ -e /proc/$pid ] && echo 'the old process is there'
timeout 20 wc -c < good/COPYING
kill -KILL $server
systemctl --user stop isodrived.socket isodrived.service
kill -KILL $manager
`;

const hasManager = { what: MANAGER, isThere: (await runCommand('test', ['-x', MANAGER])).status === 0 };

describe('A daemon under systemd that cannot die', needs('root', hasManager), () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isodrive-undying-'));
    await mkdir(join(folder, 'machine'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it(
    'has a successor all the same, which serves its mounts',
    async () => {
      const args = [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        'bash',
        '-c',
        SCRIPT,
        'bash',
      ];
      const places = [PROJECT, join(folder, 'machine'), SMALL_IMAGE];
      const { stdout } = await runCommand('unshare', [...args, ...places], { timeout: TIME_LIMIT });
      expect(stdout.toString().trimEnd().split('\n')).toEqual(['the old process is there', '17992']);
    },
    TIME_LIMIT + 60_000,
  );
});
