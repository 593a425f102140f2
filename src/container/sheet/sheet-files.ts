// The files that a sheet names, opened: those that are not there are findings, and so is one that has another name.
import { IsodriveError } from '../../base/error.js';
import type { Finding } from '../../base/finding.js';
import type { ByteSource } from '../../source/byte-source.js';
import { foldName, withoutFolders } from '../../source/image-files.js';
import type { ImageFiles } from '../../source/image-files.js';
import type { SheetText } from './sheet-text.js';

/** Numbers of tracks in names of files, which stay when a set is renamed. */
const TRACK_NAME = /[( _-]track[ _-]?0*(\d+)\)?\.[^.]+$/i;
/** Longer ones name no file. */
const MAX_NAME = 1024;
/** Faults of one file that spare the others. */
const FILE_FAULTS = ['damaged', 'permission', 'image-unreadable', 'unsupported'];

export class SheetFiles {
  readonly bases: ByteSource[] = [];
  readonly findings: Finding[] = [];
  readonly #files: ImageFiles;
  readonly #text: SheetText;
  /** As the sheet has them. */
  readonly #names: readonly string[];
  readonly #isMainSheet: boolean;
  readonly #opened = new Map<string, number>();

  constructor(files: ImageFiles, text: SheetText, names: readonly string[], isMainSheet: boolean) {
    this.#files = files;
    this.#text = text;
    this.#names = [...new Set(names)];
    this.#isMainSheet = isMainSheet;
  }

  /** Opens all; rejects with `image-not-found` where none can be used. */
  async openAll(signal?: AbortSignal): Promise<void> {
    const missing: string[] = [];
    for (const name of this.#names) {
      const { source, fault } = await this.#openNamed(name, signal);
      if (source !== undefined) this.#opened.set(name, this.#add(source));
      else if (fault === undefined) missing.push(name);
      else this.report('unopened-image-file', 'damage', fault);
    }
    for (const name of missing) await this.#replace(name, missing.length, signal);
    if (this.bases.length === 0) throw this.#refuse();
  }

  /** Number of the base of a file that an image may lack; one that cannot be read is a finding. */
  async openIfThere(name: string, signal?: AbortSignal): Promise<number | undefined> {
    const { source, fault } = await this.#openNamed(name, signal);
    if (fault !== undefined) this.report('unopened-image-file', 'warning', fault);
    return source === undefined ? undefined : this.#add(source);
  }

  /** Number of the base of a file, by its name in the sheet; undefined where it is not there. */
  baseOf(name: string): number | undefined {
    return this.#opened.get(name);
  }

  report(code: string, severity: Finding['severity'], message: string): void {
    this.findings.push({ code, severity, message, at: { source: this.#text.name } });
  }

  #add(source: ByteSource): number {
    const known = this.bases.indexOf(source);
    return known < 0 ? this.bases.push(source) - 1 : known;
  }

  /** `fault`: of a file that is there. */
  async #openNamed(
    part: string,
    signal: AbortSignal | undefined,
  ): Promise<{ source?: ByteSource | undefined; fault?: string }> {
    try {
      for (const name of this.#text.fileNames(part)) {
        const source = await this.#files.open(name, signal);
        if (source !== undefined) return { source };
      }
      return {};
    } catch (thrown) {
      if (!(thrown instanceof IsodriveError) || !FILE_FAULTS.includes(thrown.code)) throw thrown;
      return { fault: thrown.message };
    }
  }

  /** Of a set that was renamed, takes the file that can only be meant. */
  async #replace(part: string, missing: number, signal: AbortSignal | undefined): Promise<void> {
    const wanted = this.#text.text(part).slice(0, MAX_NAME);
    const name = await this.#findCandidate(wanted, missing, signal);
    const source = name === undefined ? undefined : await this.#files.open(name, signal);
    const shown = withoutFolders(wanted) ?? wanted;
    const found = `File "${shown}", which the sheet names, is not beside it`;
    if (name === undefined || source === undefined) {
      this.report('missing-image-file', 'damage', `${found}: its tracks cannot be read`);
      return;
    }
    this.#opened.set(part, this.#add(source));
    this.report('other-image-file', 'warning', `${found}: "${name}" is taken for it`);
  }

  async #findCandidate(
    wanted: string,
    missing: number,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const named = new Set(this.#names.flatMap((one) => this.#text.fileNames(one)).map(foldBase));
    const main = foldName(this.#files.mainName);
    if (!this.#isMainSheet && missing === 1 && !named.has(main)) return this.#files.mainName;
    const ending = /\.[^./\\]+$/.exec(wanted)?.[0] ?? '';
    const beside = (await this.#files.find(ending, signal)).filter(
      (name) => !named.has(foldName(name)) && foldName(name) !== main,
    );
    const track = TRACK_NAME.exec(wanted)?.[1];
    const sameTrack = beside.filter((name) => track !== undefined && TRACK_NAME.exec(name)?.[1] === track);
    if (sameTrack.length === 1) return sameTrack[0];
    if (missing !== 1 || track !== undefined) return undefined;
    const stem = main.replace(/\.[^.]*$/, '');
    const sameStem = beside.filter((name) => foldName(name).replace(/\.[^.]*$/, '') === stem);
    if (sameStem.length === 1) return sameStem[0];
    return beside.length === 1 ? beside[0] : undefined;
  }

  #refuse(): IsodriveError {
    const { name } = this.#text;
    const first = this.#names.slice(0, 3).map((one) => `"${this.#text.text(one).slice(0, MAX_NAME)}"`);
    const more = this.#names.length > first.length ? ` and ${this.#names.length - first.length} more` : '';
    const found =
      this.#names.length === 0
        ? 'it names no file, expected the files that hold the disc'
        : `none of the files that it names can be used, expected ${first.join(', ')}${more} beside it`;
    return new IsodriveError('image-not-found', `Cannot open "${name}": ${found}`, {
      at: { source: name },
      action: 'Put the sheet and all files of its image into one folder',
      details: this.findings.slice(0, 3).map(({ message }) => message),
    });
  }
}

function foldBase(name: string): string {
  return foldName(withoutFolders(name) ?? '');
}
