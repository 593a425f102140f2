// CRC-64 of ECMA-182, reflected, as xz has it: in two halves of 32 bits, since numbers have 53.

/** The polynomial, its bits reversed. */
const POLYNOMIAL = { high: 0xc96c_5795, low: 0xd787_0f42 } as const;
let made: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

function buildTables(): { readonly high: Uint32Array; readonly low: Uint32Array } {
  const tables = { high: new Uint32Array(256), low: new Uint32Array(256) };
  for (let byte = 0; byte < 256; byte += 1) {
    let high = 0;
    let low = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      const out = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (out === 0) continue;
      low ^= POLYNOMIAL.low;
      high ^= POLYNOMIAL.high;
    }
    tables.high[byte] = high;
    tables.low[byte] = low;
  }
  return tables;
}

/** Little-endian. */
export function crc64Of(bytes: Uint8Array): Buffer {
  const tables = (made ??= buildTables());
  let high = 0xffff_ffff | 0;
  let low = 0xffff_ffff | 0;
  for (const byte of bytes) {
    const entry = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ tables.low[entry]!;
    high = (high >>> 8) ^ tables.high[entry]!;
  }
  const sum = Buffer.alloc(8);
  sum.writeUInt32LE(~low >>> 0, 0);
  sum.writeUInt32LE(~high >>> 0, 4);
  return sum;
}
