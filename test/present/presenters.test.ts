// Runs the presenter suite on the listing, on extraction, and on a mount by each driver.
import { mkdirSync, mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTENT_CHUNK_BYTES, hashContent } from '../../src/imaging/hash/hash-content.js';
import { openImage } from '../../src/image/open-image.js';
import { ErofsDriver } from '../../src/mount/erofs/erofs-driver.js';
import { createFuseDriver } from '../../src/mount/fuse/fuse-driver.js';
import { createFuseNativeDriver } from '../../src/mount/fuse-native/fuse-native-driver.js';
import { extract } from '../../src/present/extract/extract.js';
import { openFile } from '../../src/image/file-content.js';
import { listEntries } from '../../src/present/list/list-entries.js';
import { findProgram } from '../../src/mount/probe-platform.js';
import { MountedImage } from '../support/programs/mounted-image.js';
import { DIRECTORY_CHECKS, MOUNT_CHECKS, PRESENTER_CHECKS } from './presenter-suite.js';
import type { DirectoryPresenter, Presenter, Truth } from './presenter-suite.js';
import { makeHugeImage } from './huge-image.js';
import { lookAtTree, makeImage, writeTree } from './presenter-tree.js';
import type { Shown } from './presenter-tree.js';
import { has, needs } from '../support/needs.js';

const hasXorriso = (await findProgram(['xorriso'])) !== undefined;
const HUGE = 4_300_000_000;
const MARKS = new Map([
  [0, 'start of it'],
  [4_294_965_240, 'a mark that lies on both sides of the first boundary between two extents'.repeat(40)],
  [HUGE - 10, 'its end...'],
]);

let folder: string;
let image: string;
let hugeImage: string;
let truth: Truth;

beforeAll(() => {
  if (!hasXorriso) return;
  folder = mkdtempSync(join(tmpdir(), 'isodrive-presenters-'));
  const directory = join(folder, 'tree');
  mkdirSync(directory);
  writeTree(directory);
  image = join(folder, 'suite.iso');
  makeImage(directory, image);
  truth = { directory, entries: lookAtTree(directory, true) };
  hugeImage = join(folder, 'huge.iso');
  makeHugeImage(hugeImage, HUGE, MARKS);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a listing', needs('xorriso'), () => {
  const presenter: Presenter = {
    look: async () => {
      await using opened = await openImage(image);
      const shown = new Map<string, Shown>();
      for await (const { node, path, digests } of listEntries(opened, 0, {
        recursive: true,
        hash: (content, signal) =>
          hashContent(content, ['sha256'], new Uint8Array(CONTENT_CHUNK_BYTES), signal),
      })) {
        const { type, userId, groupId, device, target } = node;
        const isDirectory = type === 'directory';
        shown.set(Buffer.from(path).toString().slice(1) || '.', {
          ...{ type, userId, groupId, sha256: digests?.sha256 },
          mode: node.mode & 0o7777,
          size: isDirectory ? undefined : node.size,
          links: isDirectory ? undefined : node.links,
          modified: node.modified.seconds,
          target: target && Buffer.from(target).toString(),
          device: device && `${device.major}:${device.minor}`,
        });
      }
      return shown;
    },
    read: (path, position, length) => readFromImage(image, path, position, length),
  };
  runChecks(PRESENTER_CHECKS, () => presenter);

  it('reads a file of more than 4 GiB across its extents', async () => {
    await checkHuge((path, position, length) => readFromImage(hugeImage, path, position, length));
  });
});

describe('extraction', needs('xorriso'), () => {
  let presenter: DirectoryPresenter;
  beforeAll(async () => {
    const directory = join(folder, 'extracted');
    await using opened = await openImage(image);
    const summary = await extract(opened, { rows: [0], directory, preserve: true });
    expect(summary.failures).toEqual([]);
    presenter = presentDirectory(directory);
  });
  runChecks(PRESENTER_CHECKS, () => presenter);
  runChecks(DIRECTORY_CHECKS, () => presenter);
});

const metadata = mkdtempSync(join(tmpdir(), 'isodrive-metadata-'));
const drivers = {
  erofs: new ErofsDriver({ folder: metadata }),
  'erofs-loop': new ErofsDriver({ folder: metadata, backings: ['loop'] }),
  fuse: createFuseDriver(),
  'fuse-native': createFuseNativeDriver(),
};
afterAll(() => rmdirSync(metadata));

for (const name of Object.keys(drivers) as (keyof typeof drivers)[]) {
  const { available } = await drivers[name].check();
  describe(`a mount by ${name}`, needs('xorriso', { what: `driver ${name}`, isThere: available }), () => {
    let mounted: MountedImage;
    beforeAll(async () => {
      mounted = await MountedImage.mount(image, name);
    });
    afterAll(() => mounted[Symbol.asyncDispose]());
    const presenter = (): DirectoryPresenter => presentDirectory(mounted.directory);
    runChecks(PRESENTER_CHECKS, presenter);
    runChecks(DIRECTORY_CHECKS, presenter);
    runChecks(MOUNT_CHECKS, presenter);

    it('reads a file of more than 4 GiB across its extents', async () => {
      await using huge = await MountedImage.mount(hugeImage, name);
      await checkHuge(presentDirectory(huge.directory).read);
    });

    it('unmounts, and then lets its process end by itself', async () => {
      await using again = await MountedImage.mount(image, name);
      expect(lookAtTree(join(again.directory, 'deep'), false).size).toBeGreaterThan(1);
      expect(await again.unmount()).toBe('ready\nunmounted\n');
    });
  });
}

function runChecks<P extends Presenter>(
  checks: Readonly<Record<string, (presenter: P, truth: Truth) => Promise<void>>>,
  presenter: () => P,
): void {
  for (const [sentence, check] of Object.entries(checks)) it(sentence, () => check(presenter(), truth));
}

function presentDirectory(directory: string): DirectoryPresenter {
  return {
    directory,
    look: () => Promise.resolve(lookAtTree(directory, true)),
    read: async (path, position, length) => {
      await using file = await open(join(directory, path));
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
  };
}

async function readFromImage(iso: string, path: string, position: number, length: number): Promise<Buffer> {
  await using opened = await openImage(iso);
  const buffer = Buffer.alloc(length);
  const got = await openFile(opened, await opened.index.resolve(path)).read(buffer, position);
  return buffer.subarray(0, got);
}

async function checkHuge(read: Presenter['read']): Promise<void> {
  for (const [position, text] of MARKS) {
    expect((await read('huge.bin', position, text.length)).toString()).toBe(text);
  }
  expect(await read('huge.bin', 2_147_483_648, 100_000)).toEqual(Buffer.alloc(100_000));
  expect((await read('huge.bin', HUGE - 3, 100)).length).toBe(3);
  expect((await read('huge.bin', HUGE, 100)).length).toBe(0);
}

// Where all tests are skipped, nothing runs after them. What the kernel can do has been tried in the folder by now.
if (!has('xorriso')) rmdirSync(metadata);
