// A picture of a disc as SVG: every byte has its place on the track, colours say what is there, and a viewer that can
// hover tells which file. It carries both its light and its dark colours, and its size does not grow with the disc's.
import { basename } from 'node:path';
import { formatBytes } from '../../base/format-bytes.js';
import type { AreaKind, DiscAreas, Span } from './disc-areas.js';
import { divideDisc } from './disc-cells.js';
import type { DiscCells } from './disc-cells.js';
import type { MapStyle } from './map-style.js';
import { joinCells } from './segments.js';
import type { Segment } from './segments.js';
import { LinearTrack, SpiralTrack, TRACK_SIDE } from './track.js';
import type { Lane, Track } from './track.js';
import { escapeXml } from './xml-text.js';

/** Sessions, or partitions, that are drawn; discs have a few. */
const MAX_SPANS = 64;
/** Of these, those that the legend names. */
const MAX_SPAN_LINES = 7;
/** Characters of a line of the legend, and of a heading. */
const MAX_LINE = 38;
const MAX_HEADING = 70;

const WIDTH = 1040;
const MARGIN = 28;
const TOP = 84;
const HEIGHT = TOP + TRACK_SIDE + MARGIN;
const LEGEND_LEFT = MARGIN + TRACK_SIDE + 36;
const LEGEND_LINE = 24;
const SWATCH = 14;
/** A disc of 120 mm has a hole of 15 mm and is clamped within 33 mm. */
const HOLE_RADIUS = 34;
const HUB_RADIUS = 78;

/** Kinds in the order of the legend, with their words there. */
const KIND_NAMES: readonly (readonly [AreaKind, string])[] = [
  ['file', 'Files'],
  ['structure', 'Descriptors and directories'],
  ['boot', 'Boot code'],
  ['free', 'In no file'],
  ['bad', 'Bad: cannot be read'],
  ['unread', 'Unverified: not read yet'],
];

/** Colours by class: light, dark. Neighbours of a kind differ by `odd`. */
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  back: ['#ffffff', '#0d1117'],
  text: ['#1f2328', '#e6edf3'],
  faint: ['#59636e', '#9198a1'],
  file: ['#2f6fd0', '#4a8df0'],
  'file-odd': ['#7fb0f5', '#2a5db0'],
  structure: ['#7b48c9', '#b083f0'],
  boot: ['#e08700', '#f5a623'],
  free: ['#e3e7eb', '#262c34'],
  bad: ['#d1122b', '#ff4d5e'],
  unread: ['#f3b6c3', '#7a3343'],
  sessions: ['#117a5d', '#3fc99b'],
  'sessions-odd': ['#69c9a9', '#1c6b52'],
  partitions: ['#57606a', '#aab4bf'],
  'partitions-odd': ['#a8b1ba', '#5b646e'],
};

/** The whole document. */
export function drawMap(disc: DiscAreas, style: MapStyle): string {
  const track = style === 'spiral' ? new SpiralTrack() : new LinearTrack();
  const cells = divideDisc(disc, track.cells);
  const { label } = disc.image.tree;
  const name = escapeXml(shorten(basename(disc.image.source.name), MAX_HEADING));
  const facts = `${formatBytes(disc.size)}, ${disc.files} files, view ${disc.image.tree.kind}, ${style}: from ${
    style === 'spiral' ? 'the middle outwards' : 'left to right, line by line'
  }`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title facts">`,
    `<title id="title">Map of ${name}</title>`,
    `<style>${styleSheet(track)}</style>`,
    `<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="heading" x="${MARGIN}" y="40">${name}${label === '' ? '' : ` - ${escapeXml(shorten(label, MAX_LINE))}`}</text>`,
    `<text class="faint" id="facts" x="${MARGIN}" y="62">${escapeXml(facts)}</text>`,
    `<g transform="translate(${MARGIN} ${TOP})">`,
    ...drawHub(style),
    ...drawSegments(track, cells, joinCells(disc, cells)),
    ...drawSpans(track, 'sessions', disc.sessions, cells),
    ...drawSpans(track, 'partitions', disc.partitions, cells),
    '</g>',
    `<g transform="translate(${LEGEND_LEFT} ${TOP + 10})">`,
    ...drawLegend(disc, cells),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function styleSheet(track: Track): string {
  const rules = (theme: 0 | 1): string =>
    Object.entries(COLOURS)
      .map(([name, pair]) => `--${name}:${pair[theme]}`)
      .join(';');
  const colours = Object.keys(COLOURS).map((name) => `.${name}{--c:var(--${name})}`);
  return [
    `svg{${rules(0)}}`,
    `@media (prefers-color-scheme:dark){svg{${rules(1)}}}`,
    ...colours,
    'rect{fill:var(--c)}',
    'path{fill:none;stroke:var(--c)}',
    'path:hover{stroke:var(--text)}',
    'circle.hub{fill:none;stroke:var(--free);stroke-width:2}',
    `.data{stroke-width:${track.width('data')}}`,
    `.sessions-lane{stroke-width:${track.width('sessions')}}`,
    `.partitions-lane{stroke-width:${track.width('partitions')}}`,
    'text{font:14px system-ui,sans-serif;fill:var(--text)}',
    'text.heading{font-size:22px;font-weight:600}',
    'text.part{font-weight:600}',
    'text.faint{fill:var(--faint)}',
  ].join('\n');
}

/** The hole in the middle, so that it looks like what it is. */
function drawHub(style: MapStyle): string[] {
  if (style !== 'spiral') return [];
  const at = `cx="${TRACK_SIDE / 2}" cy="${TRACK_SIDE / 2}"`;
  return [`<circle class="hub" ${at} r="${HUB_RADIUS}"/>`, `<circle class="hub" ${at} r="${HOLE_RADIUS}"/>`];
}

/** What must be seen lies on top. */
function drawSegments(track: Track, { cells }: DiscCells, segments: readonly Segment[]): string[] {
  const rank = (kind: AreaKind): number => ['bad', 'unread', 'boot'].indexOf(kind);
  const order = segments.map((segment, i) => ({ segment, i }));
  order.sort((a, b) => rank(a.segment.kind) - rank(b.segment.kind) || a.i - b.i);
  const shapes = order.map(({ segment: { kind, from, to, isOdd, title } }) => {
    const colour = kind === 'file' && isOdd ? 'file-odd' : kind;
    const path = track.path(from / cells.length, to / cells.length, 'data');
    return `<path class="${colour}" d="${path}"><title>${escapeXml(title)}</title></path>`;
  });
  return ['<g class="data">', ...shapes, '</g>'];
}

/** The longest first, so that what lies in another is seen. */
function drawSpans(
  track: Track,
  lane: Exclude<Lane, 'data'>,
  spans: readonly Span[],
  { cells, cellBytes }: DiscCells,
): string[] {
  const whole = cells.length * cellBytes;
  const shapes = drawnSpans(spans).map(({ title, start, end }, i) => {
    const to = Math.max(end, Math.min(start + cellBytes, whole)) / whole;
    const colour = i % 2 === 0 ? lane : `${lane}-odd`;
    const path = track.path(start / whole, to, lane);
    const text = `${title}\n${formatBytes(end - start)} at byte ${start}`;
    return `<path class="${colour}" d="${path}"><title>${escapeXml(text)}</title></path>`;
  });
  return [`<g class="${lane}-lane">`, ...shapes, '</g>'];
}

function drawnSpans(spans: readonly Span[]): Span[] {
  return spans
    .filter(({ start, end }) => end > start)
    .slice(0, MAX_SPANS)
    .sort((a, b) => b.end - b.start - (a.end - a.start));
}

function drawLegend(disc: DiscAreas, { totals }: DiscCells): string[] {
  const lines: string[] = [];
  let y = 0;
  const text = (words: string, x: number, name = ''): void => {
    lines.push(
      `<text${name === '' ? '' : ` class="${name}"`} x="${x}" y="${y}">${escapeXml(shorten(words, MAX_LINE))}</text>`,
    );
  };
  const entry = (colour: string, words: string, height = SWATCH): void => {
    const top = y - SWATCH + 2 + (SWATCH - height) / 2;
    lines.push(
      `<rect class="${colour}" x="0" y="${top}" width="${SWATCH}" height="${height}" rx="${Math.min(3, height / 2)}"/>`,
    );
    text(words, SWATCH + 10);
    y += LEGEND_LINE;
  };
  for (const [kind, words] of KIND_NAMES) {
    if (totals[kind] > 0) entry(kind, `${words}, ${formatBytes(totals[kind])}`);
  }
  for (const [lane, heading, spans] of [
    ['sessions', 'Sessions (line before the data)', disc.sessions],
    ['partitions', 'Partitions (line behind the data)', disc.partitions],
  ] as const) {
    const drawn = drawnSpans(spans);
    if (drawn.length === 0) continue;
    y += LEGEND_LINE / 2;
    text(heading, 0, 'part');
    y += LEGEND_LINE;
    for (const [i, { title, start, end }] of drawn.slice(0, MAX_SPAN_LINES).entries()) {
      const size = formatBytes(end - start);
      entry(i % 2 === 0 ? lane : `${lane}-odd`, `${shorten(title, MAX_LINE - size.length - 2)}, ${size}`, 5);
    }
    if (drawn.length > MAX_SPAN_LINES) {
      text(`${spans.length - MAX_SPAN_LINES} more`, SWATCH + 10, 'faint');
      y += LEGEND_LINE;
    }
  }
  return lines;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
