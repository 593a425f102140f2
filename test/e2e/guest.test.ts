// The virtual machine of the tests itself: what other tests rest on when they believe its results.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Guest, GUEST_TEST_TIME, GUEST_NEEDS, findGuestKernel } from '../support/machines/guest.js';
import { needs } from '../support/needs.js';

const kernel = findGuestKernel();
const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js');

describe('The guest of the tests (needs QEMU and a kernel)', needs(...GUEST_NEEDS), () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'isodrive-guest-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it(
    'has this project and the tools, gives output and status, and changes nothing outside of its folder',
    async () => {
      const outside = `${folder}.outside`;
      await using guest = await Guest.start(kernel!, {
        folder,
        script: [
          `node ${PROGRAM} --version && uname -r && id -u && modprobe isofs && grep -c iso9660 /proc/filesystems`,
          `echo changed > ${outside} && cat ${outside}`,
          'echo from the guest > told',
          'until [ -e answer ]; do sleep 0.1; done; cat answer; exit 42',
        ].join('\n'),
      });
      await guest.reach('told');
      await writeFile(join(folder, 'answer'), 'from the host\n');
      const { status, output } = await guest.finish();
      expect(output).toMatch(/^\d+\.\d+\.\d+\n6\.\d+\.\d+\S*\n0\n1\nchanged\nfrom the host\n$/);
      expect(status).toBe(42);
      await expect(stat(outside)).rejects.toThrow('ENOENT');
    },
    GUEST_TEST_TIME,
  );

  it(
    'boots systemd as process 1',
    async () => {
      const script =
        'cat /proc/1/comm; systemctl is-active basic.target dev-hugepages.mount; systemctl --failed --no-legend';
      const result = await Guest.run(kernel!, { folder, script, init: 'systemd' });
      expect(result).toEqual({ status: 0, output: 'systemd\nactive\nactive\n' });
    },
    GUEST_TEST_TIME,
  );

  it(
    'fails with what the console said when the machine ends before its script',
    async () => {
      const failing = Guest.run(kernel!, { folder, script: 'busybox reboot -f; sleep 1000' });
      await expect(failing).rejects.toThrow(/^Guest ended before its script/);
    },
    GUEST_TEST_TIME,
  );
});
