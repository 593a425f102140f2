// Names in a charset of the user's choice: plain ISO 9660 and Rock Ridge do not say which one theirs are in.
import { isUtf8 } from 'node:buffer';
import { createCharsetDecoder } from './charset-decoder.js';
import type { CharsetDecoder } from './charset-decoder.js';
import { IsodriveError } from './error.js';

export class NameCharset {
  readonly #decoder: CharsetDecoder;
  readonly #encoder = new TextEncoder();

  /** `label`: a name of the WHATWG Encoding Standard, such as "shift_jis" or "koi8-r". Throws `usage` for others. */
  constructor(label: string) {
    try {
      this.#decoder = createCharsetDecoder(label);
    } catch (cause) {
      throw new IsodriveError(
        'usage',
        `Cannot read names as "${label}": it is no charset that is known here, expected one such as shift_jis`,
        { cause, action: 'Take a name of the WHATWG Encoding Standard: koi8-r, windows-1252, euc-kr, big5' },
      );
    }
  }

  /**
   * Turns the first `length` bytes of `name` into UTF-8 in place and gives their new number. UTF-8, which plain ASCII
   * is too, stays as it is; what does not fit into `name` is cut off.
   */
  decode(name: Uint8Array, length: number): number {
    const bytes = name.subarray(0, length);
    if (isUtf8(bytes)) return length;
    // A NUL would end the name; decoders make none out of other bytes.
    return this.#encoder.encodeInto(this.#decoder.decode(bytes), name).written;
  }

  /** The same for bytes of any number, such as the target of a symbolic link. */
  decodeAll(bytes: Uint8Array): Uint8Array {
    return isUtf8(bytes) ? bytes : this.#encoder.encode(this.#decoder.decode(bytes));
  }

  /** The text, for formats whose names are never UTF-8. */
  text(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes);
  }
}
