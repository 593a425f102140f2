// The mode pages of the drive: their values, and which bits of them an initiator may change.

/** Page codes (MMC-6). */
export const ERROR_RECOVERY = 0x01;
export const CONTROL = 0x0a;
export const AUDIO_CONTROL = 0x0e;
export const TIMEOUT_PROTECT = 0x1d;
export const CAPABILITIES = 0x2a;
export const ALL_PAGES = 0x3f;

/** In kB/s: 24 x the speed of a DVD. Nothing limits us; some initiators show the number. */
export const SPEED = 33_240;

interface PageSpec {
  readonly defaults: readonly number[];
  /** Bits that MODE SELECT may change, byte by byte; the rest is fixed. */
  readonly changeable: readonly number[];
}

/** Read error recovery (MMC-6): error recovery parameter and retry count may be set. */
const ERROR_RECOVERY_PAGE: PageSpec = {
  defaults: [ERROR_RECOVERY, 10, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
  changeable: [0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
};

/** Control (SPC-4): fixed-format sense data, simple queueing, nothing to change. */
const CONTROL_PAGE: PageSpec = {
  defaults: [CONTROL, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  changeable: Array<number>(12).fill(0),
};

/**
 * CD audio control (MMC-5): answers come at once; two ports, with a channel each, at full volume. Which channels, and
 * how loud, may be set, though nobody hears it.
 */
const AUDIO_CONTROL_PAGE: PageSpec = {
  defaults: [AUDIO_CONTROL, 14, 0x04, 0, 0, 0, 0, 75, 0x01, 0xff, 0x02, 0xff, 0, 0, 0, 0],
  changeable: [0, 0, 0x02, 0, 0, 0, 0, 0, 0x0f, 0xff, 0x0f, 0xff, 0, 0, 0, 0],
};

/** Timeout and protect (MMC-6): no timeouts. */
const TIMEOUT_PROTECT_PAGE: PageSpec = {
  defaults: [TIMEOUT_PROTECT, 8, 0, 0, 0, 0, 0, 0, 0, 0],
  changeable: Array<number>(10).fill(0),
};

/** Capabilities and mechanical status (MMC-3; MMC-6 keeps it for old initiators). */
const CAPABILITIES_PAGE: PageSpec = {
  defaults: [
    CAPABILITIES,
    0x16,
    0x3b, // reads DVD-RAM, DVD-R, DVD-ROM, CD-RW, CD-R
    0x00, // writes nothing
    0x71, // multi-session, mode 2 form 2 and form 1, plays sound
    0x7f, // catalogue numbers, recording codes, C2 pointers, R to W raw and in packs, sound exactly
    0x29, // tray; eject; lock
    0x03, // volume and muting of each channel
    SPEED >> 8,
    SPEED & 0xff,
    1,
    0, // volume levels: 256
    0,
    0, // buffer size: not reported
    SPEED >> 8,
    SPEED & 0xff,
    ...Array<number>(8).fill(0),
  ],
  changeable: Array<number>(24).fill(0),
};
/** Where that page tells of the drive's state: whether the tray is locked, and the current speed of reading in kB/s. */
const LOCK_BYTE = 6;
const LOCK_STATE = 0x02;
const SPEED_BYTE = 14;
/** Bits that change by themselves, by byte. */
const STATE_BITS: ReadonlyMap<number, number> = new Map([
  [LOCK_BYTE, LOCK_STATE],
  [SPEED_BYTE, 0xff],
  [SPEED_BYTE + 1, 0xff],
]);

const PAGES: readonly PageSpec[] = [
  ERROR_RECOVERY_PAGE,
  CONTROL_PAGE,
  AUDIO_CONTROL_PAGE,
  TIMEOUT_PROTECT_PAGE,
  CAPABILITIES_PAGE,
];

/** PAGE CONTROL of MODE SENSE, without 3 (saved values), which there are none of. */
export type PageControl = 'current' | 'changeable' | 'default';

/** What the pages say of the drive as it is. */
export interface PageState {
  readonly isRemovalPrevented: boolean;
  /** kB/s. */
  readonly speed: number;
}

export class ModePages {
  #current = PAGES.map(({ defaults }) => Uint8Array.from(defaults));

  reset(): void {
    this.#current = PAGES.map(({ defaults }) => Uint8Array.from(defaults));
  }

  /** The page of that code, or all of them one after another; undefined when there is none. */
  read(code: number, control: PageControl, state: PageState): Uint8Array | undefined {
    const wanted = PAGES.map((page, i) => ({ page, i })).filter(
      ({ page }) => code === ALL_PAGES || page.defaults[0] === code,
    );
    if (wanted.length === 0) return undefined;
    return Buffer.concat(
      wanted.map(({ page, i }) => {
        if (control === 'changeable')
          return Uint8Array.from([...page.defaults.slice(0, 2), ...page.changeable.slice(2)]);
        if (control === 'default') return Uint8Array.from(page.defaults);
        const bytes = Buffer.from(this.#current[i]!);
        if (page === CAPABILITIES_PAGE) {
          if (state.isRemovalPrevented) bytes[LOCK_BYTE]! |= LOCK_STATE;
          bytes.writeUInt16BE(state.speed, SPEED_BYTE);
        }
        return bytes;
      }),
    );
  }

  /**
   * Sets pages from a parameter list without its header. False, with nothing set, when a page is unknown or cut off,
   * or a bit that is not changeable differs.
   */
  write(list: Uint8Array): boolean {
    const next = this.#current.map((bytes) => Uint8Array.from(bytes));
    let at = 0;
    while (at < list.length) {
      const i = PAGES.findIndex(({ defaults }) => defaults[0] === (list[at]! & 0x3f));
      const page = PAGES[i];
      if (page === undefined || list[at + 1] !== page.defaults[1]) return false;
      const bytes = list.subarray(at, at + page.defaults.length);
      if (bytes.length < page.defaults.length) return false;
      const current = next[i]!;
      for (const [offset, mask] of page.changeable.entries()) {
        // The first two bytes are code and length.
        if (offset < 2) continue;
        const own = mask | (page === CAPABILITIES_PAGE ? (STATE_BITS.get(offset) ?? 0) : 0);
        if (((bytes[offset]! ^ current[offset]!) & ~own & 0xff) !== 0) return false;
        current[offset] = (current[offset]! & ~mask) | (bytes[offset]! & mask);
      }
      at += bytes.length;
    }
    this.#current = next;
    return true;
  }
}
