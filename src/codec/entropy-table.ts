// The finite state entropy coding of LZFSE (the reference implementation that Apple published): tables of states, and
// bits that are read from the end of a payload towards its start.

/** Entries of a decoding table, by state. */
export interface EntropyTable {
  /** What the state stands for: a symbol, or the smallest value of one. */
  readonly bases: Int32Array;
  /** Bits that are added to it. */
  readonly valueBits: Uint8Array;
  /** Bits that lead to the next state, or UNUSED. */
  readonly stateBits: Uint8Array;
  readonly deltas: Int16Array;
}

/** A state that no frequency covers. */
const UNUSED = 0xff;
/** Bits that may be read at once: what four bytes hold, wherever in a byte they start. */
const MAX_BITS = 25;

/**
 * Each symbol has as many states as its frequency says, of `states` in all, a power of two. `base` and `extra` are by
 * symbol. Throws Error when the frequencies come to more.
 */
export function buildEntropyTable(
  states: number,
  frequencies: Uint16Array,
  base: (symbol: number) => number,
  extra: (symbol: number) => number,
): EntropyTable {
  const table = {
    bases: new Int32Array(states),
    valueBits: new Uint8Array(states),
    stateBits: new Uint8Array(states).fill(UNUSED),
    deltas: new Int16Array(states),
  };
  let state = 0;
  frequencies.forEach((frequency, symbol) => {
    if (frequency === 0) return;
    if (frequency > states - state) throw new Error(`Frequencies come to more than ${states} states`);
    // The fewest bits by which the frequency grows to the number of states.
    const bits = Math.clz32(frequency) - Math.clz32(states);
    const wide = ((2 * states) >> bits) - frequency;
    for (let i = 0; i < frequency; i += 1, state += 1) {
      table.bases[state] = base(symbol);
      table.valueBits[state] = extra(symbol);
      table.stateBits[state] = i < wide ? bits : bits - 1;
      table.deltas[state] = i < wide ? ((frequency + i) << bits) - states : (i - wide) << (bits - 1);
    }
  });
  return table;
}

/** Bits of a payload, the last ones first; those of one number are in the usual order. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  /** Bits in front of those that were read. */
  #left: number;

  /**
   * `spare`: bits of the last byte that are none of the payload's, as a negative number. Throws Error when out of
   * bounds.
   */
  constructor(payload: Uint8Array, spare: number) {
    this.#bytes = payload;
    this.#left = payload.length * 8 + spare;
    if (spare < -7 || spare > 0) throw new Error(`Payload has ${spare} spare bits, expected -7 to 0`);
  }

  /** Throws Error where the payload starts. */
  read(count: number): number {
    if (count === 0) return 0;
    this.#left -= count;
    if (this.#left < 0 || count > MAX_BITS) throw new Error('Payload has too few bits');
    const at = this.#left >> 3;
    const bytes = this.#bytes;
    const word =
      bytes[at]! | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    return (word >>> (this.#left & 7)) & (2 ** count - 1);
  }
}

/** One of the streams that share the bits of a payload. */
export class EntropyDecoder {
  readonly #table: EntropyTable;
  #state: number;

  /** Throws Error where the table has no such state. */
  constructor(table: EntropyTable, state: number) {
    if (state >= table.bases.length) throw new Error(`Stream starts in state ${state}, which does not exist`);
    this.#table = table;
    this.#state = state;
  }

  /** The next symbol or value. Throws Error when the state means nothing, or the bits are used up. */
  next(bits: BackwardBits): number {
    const { bases, valueBits, stateBits, deltas } = this.#table;
    const state = this.#state;
    const width = stateBits[state]!;
    if (width === UNUSED) throw new Error(`Stream comes to state ${state}, which means nothing`);
    // The bits of the value stand below those of the state.
    const extra = valueBits[state]!;
    const raw = bits.read(width + extra);
    this.#state = deltas[state]! + (raw >>> extra);
    if (this.#state < 0 || this.#state >= bases.length) throw new Error('Stream leaves its states');
    return bases[state]! + (raw & (2 ** extra - 1));
  }
}
