// A daemon under systemd that cannot die, since a user has passed it a file that cannot be closed: the next one serves its
// mounts all the same.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Guest, GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/guest.js';
import { makeSampleImage } from '../support/sample-image.js';
import { needs } from '../support/needs.js';

const kernel = findGuestKernel();
const PROJECT = join(import.meta.dirname, '..', '..');
/** Seconds that the guest waits for what is due within a few: its processor is emulated. */
const PATIENCE = 180;

const SCRIPT = `
set -eu
project=${PROJECT}
ln -s $project/dist/bundle/isodrived.js /usr/local/bin/isodrived
cp $project/systemd/system/* /etc/systemd/system/
mkdir /etc/systemd/system/isodrived.service.d
cat > /etc/systemd/system/isodrived.service.d/times.conf <<END
[Service]
Environment=PATH=$PATH
WatchdogSec=9
TimeoutStopSec=3
TimeoutAbortSec=1
END
export ISODRIVE_SOCKET=/run/isodrive/control.sock
isodrive() { node $project/dist/src/cli/main.js "$@"; }
property() { systemctl show isodrived.service --property "$1" --value; }
await() {
  for _ in $(seq ${PATIENCE * 5}); do if eval "$1"; then return; fi; sleep 0.2; done
  echo "not in time: $1"; systemctl status isodrived.service || :; journalctl -u isodrived.service | tail -20; exit 1
}
successor() { await '[ "$(property MainPID)" != "'$1'" ] && [ "$(property ActiveState)" = active ]'; }
modprobe fuse
systemctl daemon-reload
systemctl start isodrived.socket
mkdir /mnt/disc /mnt/medium
isodrive mount sample.iso /mnt/disc --driver fuse > /dev/null
cp sample.iso /run/copy.iso
node $project/test/support/bad-sector-mount.mjs /run/copy.iso /mnt/medium 0 0 flush > /run/ready &
await 'grep -q ready /run/ready'
python3 $project/test/support/pass-unclosable.py $ISODRIVE_SOCKET /mnt/medium/disc.iso /run/copy.iso.hang 1000 > /run/passed &
await 'grep -q policy /run/passed'
pid=$(property MainPID)
device=$(stat -c %d /mnt/disc)
begin=$(date +%s)
kill -KILL $pid; successor $pid
echo "killed: $(($(date +%s) - begin)) s, $(property Result), restarts $(property NRestarts)" >> times
[ -e /proc/$pid ] && echo 'the old process is still there'
echo 3 > /proc/sys/vm/drop_caches
diff -r tree /mnt/disc && [ $device = $(stat -c %d /mnt/disc) ] && echo "killed: the same mount"
journalctl -u isodrived.service | tail -30 >> times
`;

describe(
  'A daemon under systemd that cannot die (needs QEMU, a kernel, python3 and xorriso)',
  needs(...GUEST_NEEDS, 'python3', 'xorriso'),
  () => {
    let folder: string;
    beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'isodrive-undying-'))));
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it(
      'is replaced without waiting for its end',
      async () => {
        await makeSampleImage(folder, { 'large.bin': 400_000, 'a/b/small': 10 });
        const { output, status } = await Guest.run(kernel!, { folder, script: SCRIPT, init: 'systemd' });
        if (process.env.ISODRIVE_TIMES !== undefined)
          process.stdout.write(await readFile(join(folder, 'times'), 'utf8').catch(String));
        expect(output.trimEnd().split('\n')).toEqual([
          'the old process is still there',
          'killed: the same mount',
        ]);
        expect(status).toBe(0);
      },
      GUEST_TEST_TIME,
    );
  },
);
