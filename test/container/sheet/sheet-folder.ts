// A folder with a sheet and its files, and what tests of every sheet format ask of the disc in it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { openDisc } from '../../../src/container/open-container.js';
import type { Disc } from '../../../src/disc/disc.js';
import { volumeMarks } from '../../../src/filesystem/choose/volume-marks.js';
import { openImageFile } from '../../../src/source/open-image-file.js';

export interface SheetFolder {
  /** Writes a file into the folder; gives its path. */
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly path: (name: string) => string;
  /** Opens the disc at a path; `check` gets it while its files are open. */
  readonly withDisc: (path: string, check?: (disc: Disc) => Promise<void> | void) => Promise<Disc>;
}

/** A folder for each test of the file. */
export function useSheetFolder(prefix: string): SheetFolder {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), prefix))));
  afterEach(() => rmSync(folder, { recursive: true }));
  return {
    path: (name) => join(folder, name),
    write(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    async withDisc(path, check = () => undefined) {
      await using files = (await openImageFile(path)).files;
      const { disc } = await openDisc(files, volumeMarks);
      await check(disc);
      return disc;
    },
  };
}

export async function readRawTo(disc: Disc, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  expect(await disc.raw!.read(bytes, position)).toBe(length);
  return bytes;
}

export function readRaw(disc: Disc, sector: number, count: number): Promise<Buffer> {
  return readRawTo(disc, sector * 2352, count * 2352);
}

export async function readData(disc: Disc, sector: number, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count * 2048);
  expect(await disc.data.read(bytes, sector * 2048)).toBe(bytes.length);
  return bytes;
}

export function codesOf(disc: Disc): string[] {
  return (disc.findings ?? []).map(({ code }) => code);
}

/** Places of tracks: session, start, length. */
export function placesOf(disc: Disc): number[][] {
  return disc.sessions.flatMap(({ number, tracks }) =>
    tracks.map(({ start, length }) => [number, start, length]),
  );
}

/** Sectors as sheets write them: minutes, seconds, frames. */
export function sheetTime(sectors: number): string {
  const parts = [Math.floor(sectors / 4500), Math.floor(sectors / 75) % 60, sectors % 75];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
