// Writes a disc's read plan into the index region, where native code reads it (native/io/read-plan.hh).
import { countBytes } from '../base/byte-count.js';
import { IsodriveError } from '../base/error.js';
import type { NativePlan } from '../disc/native-plan.js';
import type { Segment } from '../disc/read-plan.js';
import {
  FILE_WORDS,
  FILLER,
  HEADER,
  MAX_FILES,
  MAX_SEGMENTS,
  MAX_STRIDE,
  MAX_UNIT_BASES,
  MAX_UNIT_BYTES,
  SEGMENT,
  SEGMENT_KIND,
  SEGMENT_SWAP,
  SEGMENT_WORDS,
  UNIT_BASE,
  UNIT_BASE_WORDS,
} from './layout.js';
import { highWord } from './wide-number.js';

/** Where a plan is written: words of the region. */
export interface PlanSection {
  readonly header: Uint32Array;
  readonly files: Uint32Array;
  readonly units: Uint32Array;
  readonly segments: Uint32Array;
}

/**
 * Writes the plan, which nobody may read yet. Throws `unsupported` where it has more files or segments than the section
 * holds, or a stride that no sector has.
 */
export function writePlan(section: PlanSection, plan: NativePlan): void {
  const streams = [...plan.streams].sort(([a], [b]) => a - b);
  const count = streams.reduce((sum, [, segments]) => sum + segments.length, 0);
  if (plan.sizes.length > MAX_FILES || count > MAX_SEGMENTS) {
    throw new IsodriveError(
      'unsupported',
      `Cannot plan the reads of the image: found ${plan.sizes.length} files and ${count} segments, ` +
        `expected at most ${MAX_FILES} and ${MAX_SEGMENTS}`,
    );
  }
  writeUnits(section.units, plan.units);
  for (const [i, size] of plan.sizes.entries()) writeWide(section.files, i * FILE_WORDS, size);
  let at = 0;
  for (const [stream, segments] of streams) {
    for (const segment of segments) {
      section.segments[at + SEGMENT.stream] = stream;
      writeSegment(section.segments, at, segment);
      at += SEGMENT_WORDS;
    }
  }
  section.header[HEADER.planFiles] = plan.sizes.length;
  section.header[HEADER.planSegments] = count;
  section.header[HEADER.planUnits] = plan.units.length;
}

function writeUnits(words: Uint32Array, units: NativePlan['units']): void {
  if (units.length > MAX_UNIT_BASES) {
    throw new RangeError(`Plan has ${units.length} bases in units, expected at most ${MAX_UNIT_BASES}`);
  }
  for (const [i, { unitBytes, filler, source }] of units.entries()) {
    if (unitBytes < 1 || unitBytes > MAX_UNIT_BYTES) {
      throw new RangeError(`Unit has ${countBytes(unitBytes)}, expected 1 to ${MAX_UNIT_BYTES}`);
    }
    const at = i * UNIT_BASE_WORDS;
    words[at + UNIT_BASE.unitBytes] = unitBytes;
    words[at + UNIT_BASE.filler] = FILLER[filler];
    writeWide(words, at + UNIT_BASE.sizeLow, source.size);
  }
}

function writeSegment(words: Uint32Array, at: number, segment: Segment): void {
  writeWide(words, at + SEGMENT.startLow, segment.start);
  writeWide(words, at + SEGMENT.lengthLow, segment.length);
  words[at + SEGMENT.kind] = SEGMENT_KIND[segment.kind];
  if (segment.kind !== 'bytes') return;
  const { base, offset, unit, stride, swap16 = false } = segment;
  if (unit < 1 || unit > stride || stride > MAX_STRIDE) {
    throw new RangeError(
      `Segment has a unit of ${unit} and a stride of ${stride}, expected 1 to ${MAX_STRIDE}`,
    );
  }
  if (swap16) words[at + SEGMENT.kind] = SEGMENT_KIND.bytes | SEGMENT_SWAP;
  words[at + SEGMENT.base] = base;
  writeWide(words, at + SEGMENT.offsetLow, offset);
  words[at + SEGMENT.unit] = unit;
  words[at + SEGMENT.stride] = stride;
}

function writeWide(words: Uint32Array, at: number, value: number): void {
  words[at] = value >>> 0;
  words[at + 1] = highWord(value);
}
