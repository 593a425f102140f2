// Pixels of a PNG as browsers write it: 8 bits a sample, RGB or RGBA, not interlaced (W3C PNG, clauses 5, 7.2 and 9).
import { inflateSync } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Samples of a pixel by colour type. */
const SAMPLES: Readonly<Record<number, number>> = { 2: 3, 6: 4 };

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** "#rrggbb". */
  pixel(x: number, y: number): string;
}

export function decodePng(bytes: Buffer): Picture {
  const data: Buffer[] = [];
  let [width, height, samples] = [0, 0, 0];
  for (let at = SIGNATURE_BYTES; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
      samples = SAMPLES[body[9]!] ?? 0;
      if (body[8] !== 8 || samples === 0 || body[12] !== 0)
        throw new Error('PNG of another kind than browsers write');
    } else if (type === 'IDAT') data.push(body);
    at += length + 12;
  }
  const raw = unfilter(inflateSync(Buffer.concat(data)), width * samples, height, samples);
  return {
    width,
    height,
    pixel: (x, y) => {
      const at = (Math.round(y) * width + Math.round(x)) * samples;
      return `#${raw.toString('hex', at, at + 3)}`;
    },
  };
}

function unfilter(bytes: Buffer, stride: number, height: number, samples: number): Buffer {
  const out = Buffer.alloc(stride * height);
  for (let line = 0; line < height; line += 1) {
    const filter = bytes[line * (stride + 1)]!;
    for (let i = 0; i < stride; i += 1) {
      const at = line * stride + i;
      const left = i >= samples ? out[at - samples]! : 0;
      const up = line > 0 ? out[at - stride]! : 0;
      const corner = line > 0 && i >= samples ? out[at - stride - samples]! : 0;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      out[at] = bytes[line * (stride + 1) + 1 + i]! + predicted;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value)) as [
    number,
    number,
    number,
  ];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
