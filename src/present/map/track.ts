// Where the bytes of a disc go in a picture: along a spiral, as on the disc itself, or line by line. Both give SVG path
// data of lines to be stroked, from one share of the disc to another.

/** Lines beside each other along the track. */
export type Lane = 'data' | 'sessions' | 'partitions';

export interface Track {
  /** Cells that can be told apart. */
  readonly cells: number;
  /** Width of a lane's line. */
  width(lane: Lane): number;
  /** Path data of a run of the disc; shares from 0 to 1, `from` less than `to`. */
  path(from: number, to: number, lane: Lane): string;
}

/** Side of the square that a track fills, user units of SVG. */
export const TRACK_SIDE = 640;
const MAX_CELLS = 4096;

const TURNS = 16;
const INNER_RADIUS = 100;
const OUTER_RADIUS = 318;
const PITCH = (OUTER_RADIUS - INNER_RADIUS) / TURNS;
/** Largest angle of one arc: the error against the spiral stays below a hundredth of a unit. */
const MAX_ARC = Math.PI / 4;
/** A lane's distance from the middle of the track, outwards, and its width, as shares of the pitch. */
const SPIRAL_LANES: Readonly<Record<Lane, readonly [offset: number, width: number]>> = {
  data: [0, 0.68],
  sessions: [-0.41, 0.09],
  partitions: [0.41, 0.09],
};

/** From the inside outwards, the same length of track for every byte. */
export class SpiralTrack implements Track {
  readonly cells = MAX_CELLS;

  width(lane: Lane): number {
    return SPIRAL_LANES[lane][1] * PITCH;
  }

  path(from: number, to: number, lane: Lane): string {
    const offset = SPIRAL_LANES[lane][0] * PITCH;
    const [start, end] = [angleAt(from), angleAt(to)];
    const steps = Math.max(1, Math.ceil((end - start) / MAX_ARC));
    const parts = [`M${pointAt(start, offset)}`];
    for (let i = 1; i <= steps; i += 1) {
      const angle = start + ((end - start) * i) / steps;
      const radius = round(radiusAt(angle - (end - start) / steps / 2) + offset);
      parts.push(`A${radius} ${radius} 0 0 1 ${pointAt(angle, offset)}`);
    }
    return parts.join('');
  }
}

/** The area that a spiral has swept grows with its length. */
function angleAt(share: number): number {
  const radius = Math.sqrt(INNER_RADIUS ** 2 + share * (OUTER_RADIUS ** 2 - INNER_RADIUS ** 2));
  return ((radius - INNER_RADIUS) / PITCH) * 2 * Math.PI;
}

function radiusAt(angle: number): number {
  return INNER_RADIUS + (angle / (2 * Math.PI)) * PITCH;
}

/** Angles count clockwise from the top. */
function pointAt(angle: number, offset: number): string {
  const radius = radiusAt(angle) + offset;
  const middle = TRACK_SIDE / 2;
  return `${round(middle + radius * Math.sin(angle))} ${round(middle - radius * Math.cos(angle))}`;
}

const LINES = 40;
const LINE_HEIGHT = TRACK_SIDE / LINES;
/** Middle of a lane from the top of its line, and its width, as shares of the line's height. */
const LINEAR_LANES: Readonly<Record<Lane, readonly [middle: number, width: number]>> = {
  data: [0.42, 0.56],
  sessions: [0.77, 0.1],
  partitions: [0.89, 0.1],
};

export class LinearTrack implements Track {
  readonly cells = MAX_CELLS;

  width(lane: Lane): number {
    return LINEAR_LANES[lane][1] * LINE_HEIGHT;
  }

  path(from: number, to: number, lane: Lane): string {
    const parts: string[] = [];
    for (let line = Math.min(LINES - 1, Math.floor(from * LINES)); line < to * LINES; line += 1) {
      const left = Math.max(0, from * LINES - line) * TRACK_SIDE;
      const right = Math.min(1, to * LINES - line) * TRACK_SIDE;
      const y = round((line + LINEAR_LANES[lane][0]) * LINE_HEIGHT);
      if (right > left) parts.push(`M${round(left)} ${y}H${round(right)}`);
    }
    return parts.join('');
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
