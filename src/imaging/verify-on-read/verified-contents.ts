// Files that are verified before they are read: on the first open or read of a file all of it is hashed, once, and what
// its disc says of it decides whether anybody gets its bytes. What came of it is an attribute of the file.
import { IsodriveError } from '../../base/error.js';
import type { FileContent } from '../../filesystem/contract/file-content.js';
import { MODE_TYPE } from '../../filesystem/contract/file-tree.js';
import { ContentOpener } from '../../image/content-opener.js';
import { readAttributes } from '../../index/node-record.js';
import { RowExtents } from '../../index/row-extents.js';
import { placeRuns } from '../../image/placed-runs.js';
import { asPlainImage } from '../../image/plain-image.js';
import type { OpenedImage } from '../../image/open-image.js';
import { abortable } from '../../base/abortable.js';
import { isBadPlace } from '../create/medium-fault.js';
import { CONTENT_CHUNK_BYTES, hashContent } from '../hash/hash-content.js';
import type { Algorithm } from '../hash/digests.js';
import { judgeDigest } from '../verify/judge-digest.js';
import { openStored } from '../verify/gather-inside.js';
import { ImagePrefix } from './image-prefix.js';
import { collectSums } from './collect-sums.js';
import type { FileSum } from './collect-sums.js';

/** Extended attribute of every file. */
export const VERIFIED_ATTRIBUTE = 'user.isodrive.verified';
/** `pending`: there is evidence, nobody has read the file yet; `unknown`: there is none. */
export const VERIFIED_STATES = ['ok', 'mismatch', 'unknown', 'pending'] as const;
export type VerifiedState = (typeof VERIFIED_STATES)[number];

/** Paths of files that do not agree which a summary names. */
const MAX_PATHS = 100;

/** Counts files, and names those that do not agree. */
export type VerifiedSummary = Readonly<Record<VerifiedState, number>> & { readonly files: readonly string[] };

/** What is known of a file; a mismatch may spare the bytes before `from`. */
type Verdict =
  | { readonly state: 'ok' | 'unknown' }
  | { readonly state: 'mismatch'; readonly from: number; readonly detail: string };

export class VerifiedContents {
  readonly #image: OpenedImage;
  readonly #contents: ContentOpener;
  readonly #sums: ReadonlyMap<number, readonly FileSum[]>;
  readonly #prefix: ImagePrefix | undefined;
  readonly #verdicts = new Map<number, Promise<Verdict>>();
  readonly #states = new Map<number, VerifiedState>();
  readonly #counts: Record<VerifiedState, number> = { ok: 0, mismatch: 0, unknown: 0, pending: 0 };
  readonly #mismatches: string[] = [];
  /** Places of the attributes of files that have no others. */
  readonly #places = new Map<VerifiedState, number>();

  private constructor(
    image: OpenedImage,
    sums: ReadonlyMap<number, readonly FileSum[]>,
    prefix: ImagePrefix | undefined,
  ) {
    this.#image = image;
    this.#sums = sums;
    this.#prefix = prefix;
    this.#contents = new ContentOpener(image.index, image.data);
  }

  /**
   * Loads the whole index and gathers all evidence that the image carries. Owns nothing. Rejects with `cancelled`,
   * `unsupported` (the index is full) or `image-unreadable`.
   */
  static async prepare(opened: OpenedImage, signal?: AbortSignal): Promise<VerifiedContents> {
    const image = asPlainImage(opened);
    await image.index.loadAll(signal);
    const sums = await collectSums(image, signal);
    const prefix = await ImagePrefix.find(image.source, signal).catch((thrown: unknown) => {
      if (isBadPlace(thrown)) return undefined;
      throw thrown;
    });
    const contents = new VerifiedContents(image, sums, prefix);
    const { table } = image.index;
    for (let row = 0; row < table.rowCount; row += 1) {
      if (table.type(row) !== MODE_TYPE.regular) continue;
      contents.#mark(row, contents.#hasEvidence(row) ? 'pending' : 'unknown');
    }
    if (contents.#counts.pending === 0) {
      image.index.findings.add({
        code: 'nothing-to-verify',
        severity: 'warning',
        message: 'No sums are recorded on this disc: nothing will be verified',
        at: { source: image.source.name },
      });
    }
    return contents;
  }

  get summary(): VerifiedSummary {
    return { ...this.#counts, files: this.#mismatches };
  }

  /** Reads fail with `verification-failed` where the file is known to be wrong, and as FileContent.read does. */
  open(row: number): FileContent {
    const inner = this.#contents.open(row);
    return {
      size: inner.size,
      read: async (target, position, signal) => {
        const verdict = await this.#verdict(row, signal);
        if (verdict.state === 'mismatch' && position + target.length > verdict.from)
          throw this.#refusal(row, verdict.detail);
        return inner.read(target, position, signal);
      },
    };
  }

  /** Rejects with `verification-failed` where the file is wrong and it is not known where. */
  async check(row: number, signal?: AbortSignal): Promise<void> {
    const verdict = await this.#verdict(row, signal);
    if (verdict.state === 'mismatch' && verdict.from === 0) throw this.#refusal(row, verdict.detail);
  }

  #verdict(row: number, signal: AbortSignal | undefined): Promise<Verdict> {
    let verdict = this.#verdicts.get(row);
    if (verdict === undefined) {
      verdict = this.#settle(row);
      this.#verdicts.set(row, verdict);
      // A medium that fails may do better the next time.
      verdict.catch(() => this.#verdicts.delete(row));
    }
    return abortable(verdict, signal);
  }

  async #settle(row: number): Promise<Verdict> {
    const verdict = await this.#judge(row);
    this.#mark(row, verdict.state);
    if (verdict.state === 'mismatch') {
      const { index, source } = this.#image;
      if (this.#mismatches.length < MAX_PATHS) this.#mismatches.push(index.path(row));
      const message = `File "${index.path(row)}" is not as its disc says: ${verdict.detail}`;
      index.findings.add({
        code: 'verification-failed',
        severity: 'damage',
        message,
        at: { source: source.name },
      });
    }
    return verdict;
  }

  async #judge(row: number): Promise<Verdict> {
    const sums = this.#sums.get(row) ?? [];
    const buffer = new Uint8Array(sums.length === 0 ? 0 : CONTENT_CHUNK_BYTES);
    let detail: string | undefined;
    for (const { expected, isStored, evidence } of sums) {
      const content = isStored ? openStored(this.#image, row) : this.#contents.open(row);
      const find = async (algorithm: Algorithm): Promise<string | undefined> =>
        (await hashContent(content, [algorithm], buffer))[algorithm];
      const { status } = await judgeDigest(expected, find);
      if (status !== 'ok') detail ??= `${expected.algorithms.join(', ')} differs from ${evidence}`;
    }
    if (sums.length > 0 && detail === undefined) return { state: 'ok' };
    const placed = await this.#place(row);
    if (detail === undefined) return placed;
    return { state: 'mismatch', from: placed.state === 'mismatch' ? placed.from : 0, detail };
  }

  /** What the sum over the image says of a file. */
  async #place(row: number): Promise<Verdict> {
    const { index, data } = this.#image;
    const runs = [...placeRuns(new RowExtents(index.table, row), data)];
    const end = runs.reduce((last, { place, length }) => Math.max(last, place + length), 0);
    if (this.#prefix === undefined || end === 0 || end > this.#prefix.end) return { state: 'unknown' };
    const { good, bad } = await this.#prefix.readTo(end);
    if (good >= end) return { state: 'ok' };
    if (bad === undefined) return { state: 'unknown' };
    const badEnd = bad.position + bad.size;
    let isHit = false;
    let from = Infinity;
    for (const { fileOffset, place, length } of runs) {
      if (place + length <= bad.position) continue;
      isHit ||= place < badEnd;
      from = Math.min(from, fileOffset + Math.max(0, bad.position - place));
    }
    if (!isHit) return { state: 'unknown' };
    return {
      state: 'mismatch',
      from,
      detail: `the sum of bytes ${bad.position} to ${badEnd} of the image differs`,
    };
  }

  #hasEvidence(row: number): boolean {
    if (this.#sums.has(row)) return true;
    return this.#prefix !== undefined && new RowExtents(this.#image.index.table, row).length > 0;
  }

  #mark(row: number, state: VerifiedState): void {
    const before = this.#states.get(row);
    if (before !== undefined) this.#counts[before] -= 1;
    this.#states.set(row, state);
    this.#counts[state] += 1;
    const { table } = this.#image.index;
    const others = [...readAttributes(table, row)].filter(([name]) => name !== VERIFIED_ATTRIBUTE);
    const attribute = [VERIFIED_ATTRIBUTE, new TextEncoder().encode(state)] as const;
    let place = others.length === 0 ? this.#places.get(state) : undefined;
    place ??= table.addAttributes([...others, attribute]);
    if (others.length === 0) this.#places.set(state, place);
    table.setAttributes(row, place);
  }

  #refusal(row: number, detail: string): IsodriveError {
    const { index, source } = this.#image;
    return new IsodriveError(
      'verification-failed',
      `Cannot trust "${index.path(row)}" of "${source.name}": ${detail}`,
      { at: { source: source.name } },
    );
  }
}
