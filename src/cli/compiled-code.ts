// What V8 has compiled of the program's files, kept for the next start with all functions that ran, in a folder that
// belongs to its user alone. V8 takes what it is given, up to a crash: so a checksum covers each file, and its name
// says for which content and which node it was made.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** At the end of each file, big-endian: the CRC-32 of all before it. */
const SUM_BYTES = 4;
/** Milliseconds after which a file goes; most are of builds that are no more, and others are made again. */
const KEPT_FOR = 30 * 24 * 3600 * 1000;
/** Others may not write there: what lies there is run. */
const WRITABLE_BY_OTHERS = 0o022;

export class CompiledCode {
  readonly #folder: string;
  readonly #suffix: string;
  readonly #fresh: [string, Script][] = [];

  private constructor(folder: string, suffix: string) {
    this.#folder = folder;
    this.#suffix = suffix;
  }

  /** Undefined where nothing can be kept. */
  static open(): CompiledCode | undefined {
    const { HOME: home = '', XDG_CACHE_HOME: cache = join(home, '.cache') } = process.env;
    const isRefused = process.env.NODE_DISABLE_COMPILE_CACHE !== undefined;
    if (isRefused || !isAbsolute(home) || !isAbsolute(cache)) return undefined;
    const user = process.getuid?.();
    const folder = join(cache, 'isodrive', 'compiled');
    try {
      // With sudo the home may be another user's, who could then not write there any more.
      if (statSync(home).uid !== user) return undefined;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = statSync(folder);
      if (uid !== user || (mode & WRITABLE_BY_OTHERS) !== 0) return undefined;
      const { size, mtimeMs } = statSync(process.execPath);
      const { execPath, execArgv, version, arch, env } = process;
      const node = crc32([execPath, version, arch, size, mtimeMs, env.NODE_OPTIONS, ...execArgv].join('\0'));
      return new CompiledCode(folder, `.${node.toString(16)}`);
    } catch {
      // There is no such home, or no room.
      return undefined;
    }
  }

  /** `name`: of the file, with a hash of its content. Undefined when nothing sound is there. */
  read(name: string): Buffer | undefined {
    try {
      const bytes = readFileSync(this.#path(name));
      const code = bytes.subarray(0, Math.max(0, bytes.length - SUM_BYTES));
      return bytes.readUInt32BE(code.length) === crc32(code) ? code : undefined;
    } catch {
      return undefined;
    }
  }

  /** Notes what has to be written at the end, when the functions that it needs are known. */
  note(name: string, script: Script): void {
    this.#fresh.push([name, script]);
  }

  /** Writes what was noted; a failure costs the next start its gain, and nothing else. */
  write(): void {
    if (this.#fresh.length === 0) return;
    try {
      for (const [name, script] of this.#fresh) this.#writeOne(this.#path(name), script.createCachedData());
      this.#removeOld();
    } catch {
      // Such as a full disk.
    }
  }

  #writeOne(path: string, code: Buffer): void {
    const draft = `${path}.${process.pid}`;
    const sum = Buffer.alloc(SUM_BYTES);
    sum.writeUInt32BE(crc32(code));
    try {
      writeFileSync(draft, Buffer.concat([code, sum]), { mode: 0o600 });
      renameSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  #removeOld(): void {
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found?.isFile() === true && Date.now() - found.mtimeMs > KEPT_FOR) rmSync(path, { force: true });
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${name}${this.#suffix}`);
  }
}
