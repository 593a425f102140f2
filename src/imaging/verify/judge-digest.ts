// What a listed digest says of bytes: they agree when one kind that it can be gives it, and differ when none does.
import type { Algorithm } from '../hash/digests.js';
import type { Check } from './check.js';
import type { ListedDigest } from './checksum-list.js';

export type Expected = Pick<ListedDigest, 'algorithms' | 'digest' | 'kind'>;

/** `find`: the digest of the bytes, in hexadecimal, or undefined when not all of them can be read. */
export async function judgeDigest(
  { algorithms, digest, kind }: Expected,
  find: (algorithm: Algorithm) => string | undefined | Promise<string | undefined>,
): Promise<Pick<Check, 'status' | 'detail'>> {
  const [likeliest, ...others] = algorithms;
  if (likeliest === undefined) return { status: 'unchecked', detail: `${kind} cannot be computed here` };
  let first: string | undefined;
  for (const algorithm of algorithms) {
    const found = await find(algorithm);
    if (found === undefined) return { status: 'unreadable', detail: 'parts of it cannot be read' };
    if (found === digest) return { status: 'ok', detail: `${algorithm} agrees` };
    first ??= found;
  }
  const rest = others.length === 0 ? '' : `, and it is not that of ${others.join(', ')} either`;
  return { status: 'mismatch', detail: `${likeliest} is ${first}, expected ${digest}${rest}` };
}
