// Named streams (ECMA-167 4/9.2, UDF 3.3.5) and attributes in an ICB of their own: read for the few files that have
// them, and shown as extended attributes.
import { countBytes } from '../../base/byte-count.js';
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { decodeCs0 } from './cs0.js';
import { MAX_VALUE_BYTES } from './entry-filler.js';
import type { EntryFiller } from './entry-filler.js';
import { walkExtendedAttributes } from './extended-attributes.js';
import type { BlockAddress, LongExtent } from './fields.js';
import { CHARACTERISTIC, IDENTIFIER } from './file-identifier.js';
import { Icb } from './icb-reader.js';
import type { IcbReader } from './icb-reader.js';
import { IdentifierScanner } from './identifier-scanner.js';
import { readRuns } from './read-runs.js';
import type { UdfFindings } from './udf-findings.js';

/** Streams of one file. */
export const MAX_STREAMS = 64;
/** What macOS calls the streams that UDF 3.3.5 and 3.3.8 name for it. */
const MAC_NAMES = new Map([
  ['*UDF Macintosh Resource Fork', 'com.apple.ResourceFork'],
  ['*UDF Macintosh Finder Info', 'com.apple.FinderInfo'],
]);

export class NamedStreams {
  readonly #icbs: IcbReader;
  readonly #filler: EntryFiller;
  readonly #findings: UdfFindings;
  readonly #icb: Icb;

  constructor(icbs: IcbReader, filler: EntryFiller, findings: UdfFindings) {
    this.#icbs = icbs;
    this.#filler = filler;
    this.#findings = findings;
    this.#icb = new Icb(icbs.context.reader.name);
  }

  /**
   * Gives the filler the attributes that lie outside of a file's own entry. What cannot be read is left out with a
   * finding. Rejects with `cancelled`, and as ByteSource.read does but for `image-unreadable`.
   */
  async visit(
    name: string,
    position: number,
    attributes: LongExtent,
    streams: LongExtent,
    signal?: AbortSignal,
  ): Promise<void> {
    try {
      if (attributes.length > 0) await this.#visitAttributes(attributes, signal);
      if (streams.length > 0) await this.#visitStreams(name, streams, signal);
    } catch (thrown) {
      const isFault =
        thrown instanceof IsodriveError && ['damaged', 'image-unreadable'].includes(thrown.code);
      if (!isFault) throw thrown;
      this.#findings.attributesLeftOut(name, position, thrown.message);
    }
  }

  async #visitAttributes(address: BlockAddress, signal: AbortSignal | undefined): Promise<void> {
    const bytes = await this.#readContent(address, signal);
    const cursor = new ByteCursor(bytes, this.#icbs.context.reader.name, this.#icb.position);
    walkExtendedAttributes(cursor, 0, bytes.length, this.#filler);
  }

  async #visitStreams(owner: string, address: BlockAddress, signal: AbortSignal | undefined): Promise<void> {
    const bytes = await this.#readContent(address, signal);
    const { name } = this.#icbs.context.reader;
    const record = new ByteCursor(bytes, name, this.#icb.position);
    const scanner = new IdentifierScanner(new ByteCursor(bytes, name, this.#icb.position), record);
    for (let count = 0; ;) {
      scanner.next();
      if (scanner.length === 0) break;
      const characteristics = record.u8(IDENTIFIER.characteristics);
      if ((characteristics & (CHARACTERISTIC.deleted | CHARACTERISTIC.parent)) !== 0) continue;
      if (count === MAX_STREAMS) {
        const what = `it has more than ${MAX_STREAMS} streams, of which the first are shown`;
        this.#findings.attributesLeftOut(owner, this.#icb.position, what);
        return;
      }
      count += 1;
      await this.#visitStream(owner, record, signal);
    }
  }

  async #visitStream(owner: string, record: ByteCursor, signal: AbortSignal | undefined): Promise<void> {
    const nameOffset = IDENTIFIER.use + record.u16le(IDENTIFIER.useLength);
    const name = decodeCs0(record.slice(nameOffset, record.u8(IDENTIFIER.nameLength))) ?? '';
    const address = {
      block: record.u32le(IDENTIFIER.icbBlock),
      partition: record.u16le(IDENTIFIER.icbPartition),
    };
    const value = await this.#readContent(address, signal);
    if (this.#icb.entry.size > MAX_VALUE_BYTES) {
      const what = `stream "${name}" has ${countBytes(this.#icb.entry.size)}, an attribute at most ${MAX_VALUE_BYTES}`;
      this.#findings.attributesLeftOut(owner, this.#icb.position, what);
    } else if (name !== '') this.#filler.attribute(`user.${MAC_NAMES.get(name) ?? name}`, value);
  }

  /** The first MAX_VALUE_BYTES bytes of what an ICB describes. */
  async #readContent(address: BlockAddress, signal: AbortSignal | undefined): Promise<Uint8Array> {
    await this.#icbs.load(this.#icb, address, signal);
    const { entry, extents } = this.#icb;
    const bytes = new Uint8Array(Math.min(entry.size, extents.size, MAX_VALUE_BYTES));
    this.#icbs.takeBytes(bytes.length);
    const got = await readRuns(this.#icbs.context.reader, extents, 0, bytes, signal);
    return bytes.subarray(0, got);
  }
}
