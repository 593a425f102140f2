// Discs with any read plan, and what each of their bytes is: worked out byte by byte, by the words of the contract.
import fc from 'fast-check';
import { basePosition } from '../../../src/disc/read-plan.js';
import type { BytesSegment, Segment, Segments } from '../../../src/disc/read-plan.js';

export interface PlannedDisc {
  readonly segments: Segments;
  readonly files: readonly Buffer[];
}

export interface PlanModel {
  /** Of every byte, absent ones as 0. */
  readonly bytes: Buffer;
  isAbsent(start: number, end: number): boolean;
}

const UNITS = [
  [2048, 2048],
  [2048, 2352],
  [2324, 2352],
  [96, 2448],
  [2, 7],
  [1, 1],
] as const;

/** Up to 12 segments over up to 3 files, with gaps between some. */
export function randomPlan(): fc.Arbitrary<PlannedDisc> {
  const segment = fc.record({
    kind: fc.constantFrom('bytes', 'bytes', 'bytes', 'swapped', 'zeros', 'absent', 'gap'),
    length: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 300 })),
    base: fc.nat(2),
    offset: fc.nat(3000),
    shape: fc.constantFrom(...UNITS),
  });
  return fc.array(segment, { minLength: 1, maxLength: 12 }).map((wanted) => {
    const segments: Segment[] = [];
    let start = 0;
    for (const { kind, length, base, offset, shape } of wanted) {
      const [unit, stride] = kind === 'swapped' && shape[0] % 2 === 1 ? UNITS[0] : shape;
      if (kind === 'zeros' || kind === 'absent') segments.push({ kind, start, length });
      else if (kind === 'swapped') {
        start += start % 2;
        const even = length + (length % 2);
        segments.push({ kind: 'bytes', start, length: even, base, offset, unit, stride, swap16: true });
        start += even - length;
      } else if (kind === 'bytes') segments.push({ kind, start, length, base, offset, unit, stride });
      start += length;
    }
    return { segments, files: [0, 1, 2].map((base) => makeFile(segments, base)) };
  });
}

/** As long as the plan wants it, and different in every byte's neighbourhood. */
function makeFile(segments: Segments, base: number): Buffer {
  const own = segments.filter((one): one is BytesSegment => one.kind === 'bytes' && one.base === base);
  const size = Math.max(1, ...own.map((one) => basePosition(one, one.length - 1) + 1));
  return Buffer.from(
    Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7 + base * 101) & 0xff),
  );
}

export function planModel({ segments, files }: PlannedDisc): PlanModel {
  const last = segments.at(-1);
  const size = last === undefined ? 0 : last.start + last.length;
  const bytes = Buffer.alloc(size);
  const absent = new Uint8Array(size).fill(1);
  for (const segment of segments) {
    if (segment.kind === 'absent') continue;
    for (let i = 0; i < segment.length; i += 1) {
      const at = segment.start + i;
      absent[at] = 0;
      if (segment.kind !== 'bytes') continue;
      const { base, offset, unit, stride, swap16 = false } = segment;
      const from = swap16 ? i ^ 1 : i;
      bytes[at] = files[base]![offset + Math.floor(from / unit) * stride + (from % unit)]!;
    }
  }
  return { bytes, isAbsent: (start, end) => absent.subarray(start, end).includes(1) };
}
