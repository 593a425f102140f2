// What every container with tracks is held to, whatever its descriptor claims.
import { describe, expect, it } from 'vitest';
import { buildDisc } from '../../src/container/build-disc.js';
import type { SectorPiece } from '../../src/container/build-disc.js';
import type { Disc } from '../../src/disc/disc.js';

const build = (start: number, sectors: number, stored: SectorPiece['stored']): Disc => {
  const track = { number: 1, mode: 'audio', start, length: sectors, pieces: [{ sectors, stored }] } as const;
  return buildDisc({ format: 'test', name: 'x.cue', bases: [], sessions: [{ number: 1, tracks: [track] }] });
};

describe('a disc of tracks', () => {
  it('that ends behind what any disc has is refused by its end', () => {
    expect(build(0xffff_ff00, 255, 'absent').data.size).toBe(0xffff_ffff * 2048);
    expect(() => build(0xffff_ff00, 256, 'absent')).toThrow('expected an end at sector 4294967295 or before');
  });

  it('has pauses that no file holds as long as a CD at most', () => {
    expect(build(0, 450_000, 'zeros').raw?.size ?? 0).toBe(0);
    expect(() => build(0, 450_001, 'zeros')).toThrow('pauses of 450001 sectors that no file holds');
  });
});
