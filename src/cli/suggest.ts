// What somebody may have meant by a word that is none of ours.

/** Mistakes allowed in a word: one in three letters. */
const LETTERS_PER_MISTAKE = 3;
const MAX_SUGGESTIONS = 3;
/** Longer words are no typing mistakes. */
const MAX_WORD = 64;

/** Those of `candidates` that are nearest to `word`, if any is near. */
export function findSimilar(word: string, candidates: readonly string[]): readonly string[] {
  if (word.length > MAX_WORD) return [];
  const mistakes = Math.max(word.length > 1 ? 1 : 0, Math.floor(word.length / LETTERS_PER_MISTAKE));
  const distances = candidates.map((one) => countMistakes(word.toLowerCase(), one.toLowerCase()));
  const least = Math.min(...distances);
  if (least > mistakes) return [];
  return candidates.filter((_, i) => distances[i] === least).slice(0, MAX_SUGGESTIONS);
}

/** "Did you mean a or b?", or nothing where no candidate is near. */
export function askWhetherMeant(word: string, candidates: readonly string[]): string | undefined {
  const similar = findSimilar(word, candidates);
  if (similar.length === 0) return undefined;
  const last = similar.at(-1)!;
  const others = similar.slice(0, -1).join(', ');
  return `Did you mean ${others === '' ? last : `${others} or ${last}`}?`;
}

/** Letters to add, drop, replace or swap with the next (Damerau 1964, each place changed once). */
function countMistakes(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
