// What the parts of a split image are called.
import { MAX_IMAGE_FILES } from '../../source/image-files.js';

/** The name of a first part: a stem, a dot, and the number of the first as that kind of split counts. */
const FIRST_PART = /^(?<stem>.+\.)(?<number>0+1?)$/u;

/** Names of the parts behind the first; none for what is no name of a first part. */
export function* partNames(name: string): Generator<string> {
  const { stem, number } = FIRST_PART.exec(name)?.groups ?? {};
  if (stem === undefined || number === undefined) return;
  for (let i = 1; i < MAX_IMAGE_FILES; i += 1)
    yield stem + String(Number(number) + i).padStart(number.length, '0');
}

/** The name of the second part; undefined for what is no name of a first part. */
export function secondPartOf(name: string): string | undefined {
  const second = partNames(name).next();
  return second.done === true ? undefined : second.value;
}
