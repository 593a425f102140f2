// The descriptor at the end of an image of DiscJuggler (.cdi), versions 2, 3, and 3.5 to 4; little-endian. No standard
// describes it; the layout is what programs write. Each track, and the disc behind them, begins with the same mark.
import { ByteCursor } from '../../base/byte-cursor.js';
import { IsodriveError } from '../../base/error.js';
import { MAX_TRACKS } from '../build-disc.js';

export const CDI_VERSIONS = { v2: 0x8000_0004, v3: 0x8000_0005, v35: 0x8000_0006 } as const;
/** Stands twice before each track. */
const MARK = Buffer.from('00000100' + '0000ffffffff', 'hex');
const MARKS_BYTES = 2 * MARK.length;
/** A field before the mark; where it is not 0, eight bytes follow. */
const MARK_LEAD = 4;
const LONG_LEAD = 8;
/** Bytes that may lie before a mark where programs left some of a session that was never closed. */
const MAX_JUNK = 512;
/** Behind the name of a file: what is there in all versions, and a field that says that more follows. */
const BEHIND_NAME = 19;
const HAS_MEDIUM = 0x8000_0000;
const MAX_INDEXES = 100;
/** Languages of CD-TEXT. */
const MAX_TEXT_BLOCKS = 8;
const TEXTS = 18;
const HAS_TAIL = 0xffff_ffff;
const TAIL_BYTES = 78;
const CD_TEXT_PACK = 18;
const MAX_CD_TEXT = 8 * 256 * CD_TEXT_PACK;

export interface CdiTrack {
  /** 0 sound, 1 mode 1, 2 mode 2. */
  readonly mode: number;
  /** 0 user data, 1 without sync and header, 2 whole sectors, 3 and 4 with 16 and 96 bytes of subchannels. */
  readonly readMode: number;
  /** Sectors of the indexes, the pause first. */
  readonly indexes: readonly number[];
  /** Address of its pause, counted from the first sector of the first pause. */
  readonly block: number;
  /** Sectors in the file, those of the pause included. */
  readonly stored: number;
  readonly control: number;
  readonly isrc: string;
}

export interface CdiSession {
  readonly tracks: readonly CdiTrack[];
  /** 0 sound, 1 CD-ROM, 2 CD-ROM XA. */
  readonly type: number | undefined;
}

export interface CdiFacts {
  readonly sessions: readonly CdiSession[];
  /** 0x98: a CD; 0x38: a DVD. */
  readonly medium: number | undefined;
  readonly catalog: string;
  readonly cdText: Uint8Array | undefined;
}

/** Whether a descriptor begins so: `bytes` of its start, 40 at least. */
export function startsDescriptor(bytes: Uint8Array): boolean {
  const at = 4 + MARK_LEAD;
  return [at, at + LONG_LEAD].some((place) => MARK.compare(bytes, place, place + MARK.length) === 0);
}

/** `bytes`: the descriptor. Throws `damaged` where it does not fit, or has more than a disc has. */
export function parseCdi(bytes: Uint8Array, name: string, offset: number, version: number): CdiFacts {
  return new CdiParser(bytes, name, offset, version).parse();
}

class CdiParser {
  readonly #bytes: Buffer;
  readonly #cursor: ByteCursor;
  readonly #isOld: boolean;
  #at = 0;
  #tracks = 0;
  #medium: number | undefined;

  constructor(bytes: Uint8Array, name: string, offset: number, version: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#cursor = new ByteCursor(bytes, name, offset);
    this.#isOld = version === CDI_VERSIONS.v2;
  }

  parse(): CdiFacts {
    const count = this.#u16();
    if (count < 1 || count > MAX_TRACKS) throw this.#damaged(`${count} sessions`, `1 to ${MAX_TRACKS}`);
    const sessions = Array.from({ length: count }, () => this.#parseSession());
    return { sessions, ...this.#parseDisc(), medium: this.#medium };
  }

  #parseSession(): CdiSession {
    const count = this.#u16();
    if ((this.#tracks += count) > MAX_TRACKS)
      throw this.#damaged(`${this.#tracks} tracks`, `${MAX_TRACKS} at most`);
    const tracks = Array.from({ length: count }, () => this.#parseTrack());
    if (count === 0) return { tracks, type: undefined };
    const type = this.#cursor.u8(this.#at);
    this.#at += this.#isOld ? 12 : 13;
    return { tracks, type };
  }

  #parseTrack(): CdiTrack {
    this.#parseHead();
    const count = this.#u16();
    if (count < 2 || count > MAX_INDEXES) throw this.#damaged(`${count} indexes`, `2 to ${MAX_INDEXES}`);
    const indexes = Array.from({ length: count }, () => this.#u32());
    const blocks = this.#u32();
    if (blocks > MAX_TEXT_BLOCKS)
      throw this.#damaged(`texts in ${blocks} languages`, `${MAX_TEXT_BLOCKS} at most`);
    for (let i = 0; i < blocks * TEXTS; i += 1) this.#at += 1 + this.#cursor.u8(this.#at);
    this.#at += 2;
    const mode = this.#u32();
    // What is not known, and numbers of session and track.
    this.#at += 12;
    const block = this.#u32();
    const stored = this.#u32();
    this.#at += 16;
    const readMode = this.#u32();
    const control = this.#u32() & 0x0f;
    this.#at += 9;
    const text = this.#cursor.text(this.#at, 12);
    this.#at += 12;
    const isrc = this.#u32() === 0 ? '' : text;
    if (!this.#isOld) {
      this.#at += 5;
      if (this.#u32() === HAS_TAIL) this.#at += TAIL_BYTES;
    }
    return { mode, readMode, indexes, block, stored, control, isrc };
  }

  /** What tracks and the disc begin with: marks, the name of a file, and perhaps the medium. */
  #parseHead(): void {
    this.#at = this.#findMarks() + MARKS_BYTES + 4;
    this.#at += 1 + this.#cursor.u8(this.#at) + BEHIND_NAME;
    if (this.#u32() !== HAS_MEDIUM) return;
    this.#medium ??= this.#cursor.u16le(this.#at + 6);
    this.#at += 8;
  }

  #findMarks(): number {
    const at = this.#at + MARK_LEAD;
    const found = this.#bytes.subarray(0, at + MAX_JUNK).indexOf(MARK, at);
    if (found < 0) throw this.#damaged('no mark of a track', 'one');
    return found;
  }

  /** What stands behind the tracks is of less use, and not all programs write it. */
  #parseDisc(): Pick<CdiFacts, 'catalog' | 'cdText'> {
    const none = { catalog: '', cdText: undefined };
    try {
      this.#at += 2;
      this.#parseHead();
      this.#at += 4;
      this.#at += 1 + this.#cursor.u8(this.#at) + 9;
      const text = this.#cursor.text(this.#at, 13);
      this.#at += 13;
      const catalog = this.#u32() === 0 ? '' : text;
      const length = Math.min(this.#u32(), MAX_CD_TEXT);
      const whole = length - (length % CD_TEXT_PACK);
      return { catalog, cdText: whole === 0 ? undefined : this.#cursor.slice(this.#at, whole).slice() };
    } catch (thrown) {
      if (thrown instanceof IsodriveError && thrown.code === 'damaged') return none;
      throw thrown;
    }
  }

  #u16(): number {
    this.#at += 2;
    return this.#cursor.u16le(this.#at - 2);
  }

  #u32(): number {
    this.#at += 4;
    return this.#cursor.u32le(this.#at - 4);
  }

  #damaged(found: string, wanted: string): IsodriveError {
    const { sourceName } = this.#cursor;
    return new IsodriveError('damaged', `Cannot open "${sourceName}": found ${found}, expected ${wanted}`, {
      at: { source: sourceName, offset: this.#cursor.offsetInSource(this.#at) },
    });
  }
}
