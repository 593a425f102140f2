// In a mount namespace of its own: loses /sys between two looks of the driver `erofs` at loop devices, and prints
// what the driver says before, of a mount, and after, with its mounts that stay: node erofs-without-sysfs.mjs IMAGE
// FOLDER.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openImage } from '../../../dist/src/image/open-image.js';
import { ErofsDriver } from '../../../dist/src/mount/erofs/erofs-driver.js';
import { LocalImage } from '../../../dist/src/mount/local-image.js';

const [image, folder] = process.argv.slice(2);
const directory = join(folder, 'point');
mkdirSync(directory);
const backings = ['loop'];
const driver = new ErofsDriver({ folder: join(folder, 'metadata'), backings });
const before = await driver.check();

execFileSync('umount', ['--lazy', '/sys']);
const opened = await openImage(image, { memory: driver.createMemory() });
const request = { image: new LocalImage(opened), directory, sourceName: image, label: '', allowOther: false };
const refusal = await driver.mount(request).then(
  () => 'mounted',
  ({ message }) => message,
);
await opened[Symbol.asyncDispose]();
const after = await new ErofsDriver({ folder: join(folder, 'metadata'), backings }).check();
const stay = readFileSync('/proc/self/mountinfo', 'utf8')
  .split('\n')
  .filter((line) => line.includes(' - erofs ') && line.includes(folder));
process.stdout.write(JSON.stringify({ before, refusal, after, stay }));
