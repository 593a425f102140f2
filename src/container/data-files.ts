// The files that a binary descriptor names, opened: names in bytes of a charset that nothing tells, patterns for the
// descriptor's own name, and files that were renamed with it.
import { disarmText } from '../base/display-name.js';
import { IsodriveError } from '../base/error.js';
import type { Finding } from '../base/finding.js';
import { createCharsetDecoder } from '../base/charset-decoder.js';
import { decodePath } from '../base/path-text.js';
import type { ByteSource } from '../source/byte-source.js';
import { withoutFolders } from '../source/image-files.js';
import type { ImageFiles } from '../source/image-files.js';
import { readAtMost } from '../source/read-fully.js';
import { SplitSource } from './split/split-source.js';

export interface NameBytes {
  readonly bytes: Uint8Array;
  /** In UTF-16, low byte first. */
  readonly isWide: boolean;
}

/** Stands for the name of the descriptor, without its ending. */
const OWN_STEM = '*';
/** Faults of one file that spare the others. */
const FILE_FAULTS = ['damaged', 'permission', 'image-unreadable', 'unsupported'];

/**
 * The descriptor of an image: the file that was opened, or the one beside it of the name that `besideOf` gives for a
 * file with sectors. `signature`: its first bytes, as latin-1. Rejects as ByteSource.read and ImageFiles.open do.
 */
export async function findDescriptor(
  files: ImageFiles,
  signature: string,
  besideOf: (name: string) => string | undefined,
  signal?: AbortSignal,
): Promise<ByteSource | undefined> {
  const isDescriptor = async (source: ByteSource): Promise<boolean> => {
    const head = Buffer.from(await readAtMost(source, 0, signature.length, signal));
    return head.toString('latin1') === signature;
  };
  if (await isDescriptor(files.main)) return files.main;
  const name = besideOf(files.mainName);
  const beside = name === undefined ? undefined : await files.open(name, signal);
  return beside !== undefined && (await isDescriptor(beside)) ? beside : undefined;
}

export class DataFiles {
  readonly bases: ByteSource[] = [];
  readonly findings: Finding[] = [];
  readonly #files: ImageFiles;
  readonly #descriptor: ByteSource;
  readonly #ending: string;
  /** Names of parts, joined -> number of their base. */
  readonly #known = new Map<string, number | undefined>();

  /** `ending`: of files with sectors, such as ".mdf". */
  constructor(files: ImageFiles, descriptor: ByteSource, ending: string) {
    this.#files = files;
    this.#descriptor = descriptor;
    this.#ending = ending;
  }

  /**
   * Number of the base of some files that are one behind the other; undefined, with a finding, where one is not there.
   * Without names it is the file that is called as the descriptor.
   */
  async openParts(names: readonly NameBytes[], signal?: AbortSignal): Promise<number | undefined> {
    const wanted = names.length === 0 ? [[`${OWN_STEM}${this.#ending}`]] : names.map(decodeName);
    const key = JSON.stringify(wanted);
    if (!this.#known.has(key)) this.#known.set(key, await this.#openAll(wanted, signal));
    return this.#known.get(key);
  }

  /** Throws `image-not-found` where no file could be opened. */
  refuseNone(): void {
    if (this.bases.length > 0) return;
    const { name } = this.#descriptor;
    const found = 'no file that it names can be used, expected those with the sectors beside it';
    throw new IsodriveError('image-not-found', `Cannot open "${name}": ${found}`, {
      at: { source: name },
      action: 'Put the descriptor and all files of its image into one folder',
      details: this.findings.slice(0, 3).map(({ message }) => message),
    });
  }

  async #openAll(
    wanted: readonly (readonly string[])[],
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const parts: ByteSource[] = [];
    for (const names of wanted) {
      const part = await this.#openOne(names, wanted.length === 1, signal);
      // What lies behind a part that is missing would be at other places.
      if (part === undefined) break;
      parts.push(part);
    }
    if (parts.length === 0) return undefined;
    return this.bases.push(parts.length === 1 ? parts[0]! : new SplitSource(parts)) - 1;
  }

  async #openOne(
    names: readonly string[],
    isAlone: boolean,
    signal: AbortSignal | undefined,
  ): Promise<ByteSource | undefined> {
    const stem = this.#stem();
    const shown = disarmText(withoutFolders(names[0]!) ?? names[0]!);
    try {
      for (const name of names) {
        const named = name.startsWith(`${OWN_STEM}.`) ? `${stem}${name.slice(OWN_STEM.length)}` : name;
        const source = await this.#files.open(named, signal);
        if (source !== undefined && source !== this.#descriptor) return source;
      }
      const replaced = isAlone ? await this.#replace(signal) : undefined;
      if (replaced !== undefined) {
        const message = `File "${shown}", which the image names, is not beside it: the one that is called as the image is taken for it`;
        this.#report('other-image-file', 'warning', message);
        return replaced;
      }
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || !FILE_FAULTS.includes(thrown.code)) throw thrown;
      this.#report('unopened-image-file', 'damage', thrown.message);
      return undefined;
    }
    const message = `File "${shown}", which the image names, is not beside it: its tracks cannot be read`;
    this.#report('missing-image-file', 'damage', message);
    return undefined;
  }

  /** Of an image that was renamed: the file that was opened, or the one called as the descriptor. */
  async #replace(signal: AbortSignal | undefined): Promise<ByteSource | undefined> {
    const { main } = this.#files;
    const isOpened = main !== this.#descriptor;
    const found = isOpened ? main : await this.#files.open(`${this.#stem()}${this.#ending}`, signal);
    // Another part of the same image is in use already.
    return found === undefined || this.bases.includes(found) ? undefined : found;
  }

  #stem(): string {
    return this.#files.mainName.replace(/\.[^.]*$/, '');
  }

  #report(code: string, severity: Finding['severity'], message: string): void {
    this.findings.push({ code, severity, message, at: { source: this.#descriptor.name } });
  }
}

/** What a file may be called that is named so. */
function decodeName({ bytes, isWide }: NameBytes): readonly string[] {
  if (isWide) return [Buffer.from(bytes).toString('utf16le')];
  return [...new Set([decodePath(bytes), createCharsetDecoder('windows-1252').decode(bytes)])];
}
