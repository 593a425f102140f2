// Discs with any read plan, and what each of their bytes is: worked out byte by byte, by the words of the contract.
import fc from 'fast-check';
import { basePosition } from '../../../src/disc/read-plan.js';
import type { BytesSegment, Segment, Segments } from '../../../src/disc/read-plan.js';

/** Bytes of a base, as they are or, with `units`, stored in units of which some cannot be decoded. */
export interface PlannedBase {
  readonly bytes: Buffer;
  readonly units?: { readonly unitBytes: number; readonly failing: readonly number[] };
}

export interface PlannedDisc {
  readonly segments: Segments;
  readonly bases: readonly PlannedBase[];
}

export interface PlanModel {
  /** Of every byte; of absent ones anything. */
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

/** Bytes of a unit. */
const UNIT_BYTES = [1, 7, 512, 1000, 2048, 4096, 5000, 65_536] as const;

/** Up to 12 segments over up to 3 bases, files or in units, with gaps between some. */
export function randomPlan(): fc.Arbitrary<PlannedDisc> {
  const segment = fc.record({
    kind: fc.constantFrom('bytes', 'bytes', 'bytes', 'swapped', 'zeros', 'absent', 'gap'),
    length: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 300 })),
    base: fc.nat(2),
    offset: fc.nat(3000),
    shape: fc.constantFrom(...UNITS),
  });
  const units = fc.option(
    fc.record({
      unitBytes: fc.constantFrom(...UNIT_BYTES),
      failing: fc.array(fc.nat(12), { maxLength: 2 }),
    }),
    { nil: undefined },
  );
  const bases = fc.tuple(units, units, units);
  return fc.tuple(fc.array(segment, { minLength: 1, maxLength: 12 }), bases).map(([wanted, stored]) => {
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
    const made = stored.map((one, base) => {
      const bytes = makeFile(segments, base);
      return one === undefined ? { bytes } : { bytes, units: one };
    });
    return { segments, bases: made };
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

export function planModel({ segments, bases }: PlannedDisc): PlanModel {
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
      const place = offset + Math.floor(from / unit) * stride + (from % unit);
      const { bytes: stored, units } = bases[base]!;
      bytes[at] = stored[place]!;
      // Bytes that change places are read in pairs, and fail so.
      const places = swap16
        ? [place, offset + Math.floor((from ^ 1) / unit) * stride + ((from ^ 1) % unit)]
        : [place];
      if (units === undefined) continue;
      const isFailing = places.some((one) => units.failing.includes(Math.floor(one / units.unitBytes)));
      if (isFailing) absent[at] = 1;
    }
  }
  return { bytes, isAbsent: (start, end) => absent.subarray(start, end).includes(1) };
}
