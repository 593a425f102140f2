// The files of an image: which names open what, and that all of them are closed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POOL_IO } from '../../src/io/file-io.js';
import type { FileIo } from '../../src/io/file-io.js';
import { PathFolder } from '../../src/source/file/path-folder.js';
import { openImageFile } from '../../src/source/open-image-file.js';
import type { SiblingFolder } from '../../src/source/image-files.js';
import { MAX_IMAGE_FILES, OpenedFiles } from '../../src/source/image-files.js';
import { FaultySource } from '../support/fakes/faulty-source.js';

let folder = '';
const IMAGE = (): string => join(folder, 'game.cue');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isodrive-files-'));
  mkdirSync(join(folder, 'directory.bin'));
  writeFileSync(join(folder, 'secret.bin'), 'secret');
  mkdirSync(join(folder, 'inner'));
  for (const name of ['game.cue', 'Game.BIN', 'two.bin', 'TWO.bin', 'caf\u00e9.bin']) {
    writeFileSync(join(folder, name), name);
  }
  symlinkSync('Game.BIN', join(folder, 'link.bin'));
  symlinkSync('/dev/tty', join(folder, 'device.bin'));
  execFileSync('mkfifo', [join(folder, 'pipe.bin')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the files of an image', () => {
  it.each([
    ['Game.BIN', 'Game.BIN'],
    ['game.bin', 'Game.BIN'],
    ['C:\\Games\\Disc 1\\GAME.bin', 'Game.BIN'],
    ['/somewhere/else/game.bin', 'Game.BIN'],
    ['../inner/../Game.BIN', 'Game.BIN'],
    ['link.bin', 'Game.BIN'],
    ['two.bin', 'two.bin'],
    ['cafe\u0301.bin', 'caf\u00e9.bin'],
    ['game.cue', 'game.cue'],
  ])('open %j as %j', async (name, content) => {
    await using files = (await openImageFile(IMAGE())).files;
    const opened = await files.open(name);
    const bytes = Buffer.alloc(100);
    const got = await opened!.read(bytes, 0);
    expect(bytes.toString('utf8', 0, got)).toBe(content);
  });

  it.each(['Two.bin', 'none.bin', '..', '.', '', 'inner/', 'a\0b'])('are none called %j', async (name) => {
    await using files = (await openImageFile(IMAGE())).files;
    expect(await files.open(name)).toBeUndefined();
  });

  it.each(['directory.bin', 'pipe.bin', 'device.bin'])('are regular files alone, not %j', async (name) => {
    await using files = (await openImageFile(IMAGE())).files;
    await expect(files.open(name)).rejects.toMatchObject({
      code: 'image-unreadable',
      message: expect.stringMatching(/it is a .*, expected a file$/) as string,
    });
  });

  it('of other types are not even opened', async () => {
    const opened: string[] = [];
    const open: FileIo['open'] = (path, flags) => {
      opened.push(path);
      return POOL_IO.open(path, flags);
    };
    const beside = new PathFolder(IMAGE(), { ...POOL_IO, open });
    for (const name of ['pipe.bin', 'device.bin'])
      await expect(beside.open(name)).rejects.toMatchObject({ code: 'image-unreadable' });
    expect(opened).toEqual([]);
  });

  it('are opened once, whatever they are called', async () => {
    await using files = (await openImageFile(IMAGE())).files;
    const first = await files.open('Game.BIN');
    expect(await files.open('GAME.bin')).toBe(first);
    expect(await files.open('GAME.CUE')).toBe(files.main);
    expect(files.beside.map(({ name }) => name)).toEqual(['Game.BIN']);
  });

  it('are found by the end of their names', async () => {
    await using files = (await openImageFile(IMAGE())).files;
    expect(await files.find('.CUE')).toEqual(['game.cue']);
    expect(await files.find('o.bin')).toEqual(['TWO.bin', 'two.bin']);
  });

  it('are bounded, and all closed at the end', async () => {
    const opened: FaultySource[] = [];
    const many: SiblingFolder = {
      mainName: 'main',
      open: () => {
        const source = new FaultySource(Buffer.alloc(1));
        opened.push(source);
        return Promise.resolve(source);
      },
      list: () => Promise.resolve([]),
    };
    const main = new FaultySource(Buffer.alloc(1));
    const files = new OpenedFiles(main, many);
    for (let i = 1; i < MAX_IMAGE_FILES; i += 1) await files.open(`${i}.bin`);
    await expect(files.open('one more.bin')).rejects.toMatchObject({ code: 'unsupported' });
    await files[Symbol.asyncDispose]();
    expect(opened).toHaveLength(MAX_IMAGE_FILES - 1);
    expect([main, ...opened].every(({ disposed }) => disposed)).toBe(true);
  });
});
