// The system's units under systemd as process 1, in a virtual machine: what they promise is what happens.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Guest, GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import { makeSampleImage } from '../support/builders/sample-image.js';
import { needs } from '../support/needs.js';

const kernel = findGuestKernel();
const PROJECT = join(import.meta.dirname, '..', '..');
/** Seconds that the guest waits for what is due within a few: its processor is emulated. */
const PATIENCE = 60;

/** Bash: the units as they are, but for times that a test can wait for, and what scripts use. */
const setUp = (watchdogSeconds: number, idleSeconds: number): string => `
set -eu
project=${PROJECT}
ln -s $project/dist/bundle/isodrived.js /usr/local/bin/isodrived
cp $project/systemd/system/* /etc/systemd/system/
mkdir /etc/systemd/system/isodrived.service.d
start=$(sed -n 's/^ExecStart=//p' $project/systemd/system/isodrived.service)
cat > /etc/systemd/system/isodrived.service.d/times.conf <<END
[Service]
Environment=PATH=$PATH
ExecStart=
ExecStart=\${start% --idle-timeout *} --idle-timeout ${idleSeconds}
WatchdogSec=${watchdogSeconds}
END
export ISODRIVE_SOCKET=/run/isodrive/control.sock
isodrive() { node $project/dist/src/cli/main.js "$@"; }
property() { systemctl show isodrived.service --property "$1" --value; }
await() {
  for _ in $(seq ${PATIENCE * 5}); do if eval "$1"; then return; fi; sleep 0.2; done
  echo "not in time: $1"; systemctl status isodrived.service || :; exit 1
}
successor() { await '[ "$(property MainPID)" != "'$1'" ] && [ "$(property ActiveState)" = active ]'; }
modprobe fuse
systemctl daemon-reload
systemctl start isodrived.socket
`;

/** Then one line for each thing that was seen. */
const LIFE = `
echo "before the first client: $(property ActiveState)"
mkdir /mnt/disc
isodrive mount sample.iso /mnt/disc --driver fuse > /dev/null
echo "after it: $(property ActiveState), $(property NotifyAccess), stored $(property NFileDescriptorStore)"
device=$(stat -c %d /mnt/disc)
exec 3< /mnt/disc/large.bin
head -c 4096 <&3 > begin
pid=$(property MainPID)
kill -KILL $pid; successor $pid
echo 3 > /proc/sys/vm/drop_caches
cat begin - <&3 | cmp - tree/large.bin && echo 'killed: its open file is read to the end'
pid=$(property MainPID)
kill -STOP $pid; successor $pid
echo 3 > /proc/sys/vm/drop_caches
diff -r tree /mnt/disc && echo "stopped: restarted by the watchdog, restarts $(property NRestarts)"
pid=$(property MainPID)
isodrive daemon upgrade > /dev/null; successor $pid
diff -r tree /mnt/disc && [ $device = $(stat -c %d /mnt/disc) ] && echo "upgraded: the same mount"
exec 3<&-
umount /mnt/disc
await '[ "$(property ActiveState)" = inactive ]'
echo "idle: $(property ActiveState), $(property Result), socket $(systemctl is-active isodrived.socket)"
isodrive mount sample.iso /mnt/disc --driver fuse > /dev/null
systemctl stop isodrived.service 2> /dev/null
echo "stopped for good: mounts $(grep -c ' /mnt/disc ' /proc/self/mountinfo || :), $(property Result)"
`;

/** What a client passes is never closed, as its file system does not answer; the watchdog comes too late to count. */
const UNCLOSABLE = `
mkdir /mnt/medium /mnt/disc
node $project/test/support/fakes/bad-sector-mount.mjs sample.iso /mnt/medium 0 0 flush > /dev/null &
server=$!
await 'grep -q " /mnt/medium " /proc/self/mountinfo'
isodrive mount sample.iso /mnt/disc --driver fuse > /dev/null
pass=$project/test/support/fakes/pass-unclosable.py
for way in 'kill -KILL $pid' 'isodrive daemon upgrade > /dev/null'; do
  pid=$(property MainPID)
  rm -f answer
  python3 $pass $ISODRIVE_SOCKET /mnt/medium/disc.iso sample.iso.hang 65534 > answer &
  await '[ -s answer ]'
  eval "$way"; successor $pid
  echo 3 > /proc/sys/vm/drop_caches
  diff -r tree /mnt/disc && [ -d /proc/$pid ] && echo "\${way%% *}: served again, the old process is still there"
done
kill -KILL $server
`;

describe(
  'The system units under systemd (needs QEMU, a kernel and xorriso)',
  needs(...GUEST_NEEDS, 'xorriso'),
  () => {
    let folder: string;
    beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isodrive-systemd-'))));
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it(
      'start with the first client, keep mounts through SIGKILL, SIGSTOP and upgrades, end when idle, and unmount',
      async () => {
        await makeSampleImage(folder, { 'large.bin': 400_000, 'a/b/small': 10 });
        const { output, status } = await Guest.run(kernel!, {
          folder,
          script: setUp(9, 2) + LIFE,
          init: 'systemd',
        });
        expect(output.trimEnd().split('\n')).toEqual([
          'before the first client: inactive',
          expect.stringMatching(/^after it: active, main, stored [2-9]$/u),
          'killed: its open file is read to the end',
          'stopped: restarted by the watchdog, restarts 2',
          'upgraded: the same mount',
          'idle: inactive, success, socket active',
          'stopped for good: mounts 0, success',
        ]);
        expect(status).toBe(0);
      },
      GUEST_TEST_TIME,
    );

    // Minutes, where the guest's processor is emulated: only where it is asked for.
    if (process.env.ISODRIVE_LONG_TESTS !== '1') return;
    it(
      'have a successor for a daemon that cannot die',
      async () => {
        await makeSampleImage(folder, { 'large.bin': 400_000, 'a/b/small': 10 });
        const script = setUp(3600, 3600) + UNCLOSABLE;
        const { output, status } = await Guest.run(kernel!, { folder, script, init: 'systemd' });
        expect(output.trimEnd().split('\n')).toEqual([
          'kill: served again, the old process is still there',
          'isodrive: served again, the old process is still there',
        ]);
        expect(status).toBe(0);
      },
      GUEST_TEST_TIME,
    );
  },
);
