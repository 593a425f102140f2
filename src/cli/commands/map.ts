// isodrive map IMAGE [-o FILE.svg]: what lies where on a disc.
import { resolveHostPath } from '../../base/path-text.js';
import { escapeHostText, escapeText } from '../../base/display-name.js';
import { collectAreas } from '../../present/map/disc-areas.js';
import type { DiscAreas } from '../../present/map/disc-areas.js';
import { divideDisc } from '../../present/map/disc-cells.js';
import { drawMap } from '../../present/map/draw-map.js';
import type { MapStyle } from '../../present/map/map-style.js';
import { renderMapText } from '../../present/map/render-map-text.js';
import { SCHEMA_VERSION } from '../../protocol/messages.js';
import type { RunCommand } from '../command-spec.js';
import { formatBytes } from '../count-text.js';
import { openForCommand } from '../open-for-command.js';
import type { Output } from '../output.js';
import { readViewOptions } from '../view-options.js';
import { writeWhole } from '../write-whole.js';

export const runMap: RunCommand = async (args, { output, signal }) => {
  await using image = await openForCommand(args, signal);
  const disc = await collectAreas(image, readViewOptions(args).sectorOffset, signal);
  const wanted = args.text('output');
  const path = wanted === undefined ? undefined : resolveHostPath(wanted);
  // The parser has checked the choice.
  const style = (args.text('style') ?? 'spiral') as MapStyle;
  const svg = path === undefined ? undefined : drawMap(disc, style);
  if (path !== undefined && svg !== undefined)
    await writeWhole(path, image.source.name, (file) => file.writeFile(svg));
  if (output.json) await output.record(describe(disc, path));
  else if (path !== undefined && svg !== undefined)
    await output.line(`${formatBytes(Buffer.byteLength(svg))} written to ${escapeHostText(path)}`);
  else await printText(disc, output);
  return undefined;
};

function describe(disc: DiscAreas, output: string | undefined): object {
  const { image, size, files, sessions, partitions } = disc;
  return {
    schemaVersion: SCHEMA_VERSION,
    image: image.source.name,
    output,
    size,
    files,
    /** Bytes of each kind of place. */
    totals: divideDisc(disc, 1).totals,
    sessions,
    partitions,
  };
}

async function printText(disc: DiscAreas, output: Output): Promise<void> {
  for (const line of renderMapText(disc).split('\n')) await output.line(escapeText(line));
}
