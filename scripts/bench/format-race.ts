// The same tree as UDF and as ISO 9660, by the same driver: what the format costs. Both take turns in every repetition.
import { join } from 'node:path';
import type { ContestantName } from './contestants.js';
import { LARGE_NAME } from './images.js';
import type { RaceOptions } from './race.js';
import { prepare } from './race.js';

/** Figures of each repetition: entries a second, and bytes a second. */
interface FormatFigures {
  readonly firstWalk: number[];
  readonly sequential: number[];
}

export interface FormatResult {
  readonly driver: ContestantName;
  readonly udf: FormatFigures;
  readonly iso: FormatFigures;
}

/** One result for each of the contestants. Rejects when a mount fails. */
export async function raceFormats(options: RaceOptions): Promise<FormatResult[]> {
  const results = options.contestants.map(({ name }): FormatResult => {
    const none = (): FormatFigures => ({ firstWalk: [], sequential: [] });
    return { driver: name, udf: none(), iso: none() };
  });
  const { mixed, udf } = options.images;
  for (let repetition = 1; repetition <= options.repetitions; repetition += 1) {
    for (const [index, contestant] of options.contestants.entries()) {
      options.say(`formats, repetition ${repetition} of ${options.repetitions}: ${contestant.name}`);
      for (const format of ['udf', 'iso'] as const) {
        const figures = results[index]![format];
        const image = format === 'udf' ? udf : mixed;
        await prepare(contestant, options, image);
        await using mounted = await contestant.mount(image);
        const walk = await options.probe.walk(mounted.directory);
        figures.firstWalk.push(walk.count / walk.seconds);
        const read = await options.probe.sequential(join(mounted.directory, LARGE_NAME));
        figures.sequential.push(read.bytes / read.seconds);
      }
    }
  }
  return results;
}
