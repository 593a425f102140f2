// Mounts an image and serves it until its standard input ends: node mount-child.mjs IMAGE DIRECTORY DRIVER. A process
// of its own, because a test that touches a mount which its own event loop serves would wait for itself. It runs the
// compiled code, as users do; `npm test` compiles first.
import { openImage } from '../../../dist/src/image/open-image.js';
import { createFuseDriver } from '../../../dist/src/mount/fuse/fuse-driver.js';
import { createFuseNativeDriver } from '../../../dist/src/mount/fuse-native/fuse-native-driver.js';
import { ErofsDriver } from '../../../dist/src/mount/erofs/erofs-driver.js';
import { LocalImage } from '../../../dist/src/mount/local-image.js';
import { mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [image, directory, name] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'isodrive-metadata-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const driver = {
  erofs: () => new ErofsDriver({ folder }),
  'erofs-loop': () => new ErofsDriver({ folder, backings: ['loop'] }),
  fuse: createFuseDriver,
  'fuse-native': createFuseNativeDriver,
}[name]();
const opened = await openImage(image, { memory: driver.createMemory() });
const { tree } = opened;
const request = {
  image: new LocalImage(opened),
  directory,
  sourceName: image,
  label: tree.label,
  allowOther: false,
};
const mount = await driver.mount(request);
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', () => mount.unmount({ lazy: false }).catch(fail));
const { reason } = await mount.ended;
process.stdin.destroy();
await opened[Symbol.asyncDispose]();
// Fails unless the driver has removed what it wrote.
rmdirSync(folder);
// No exit call: a handle that the driver left behind would keep this process alive, and the test would see it.
process.stdout.write(`${reason}\n`);

function fail(error) {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}
