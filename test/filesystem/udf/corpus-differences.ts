// Where isodrive differs from Linux's udf on purpose, each with its reason. A row that matches nothing fails the corpus
// test, so that the table cannot outlive its reasons.
import type { KnownDifference } from '../corpus-differences.js';

export const UDF_DIFFERENCES: readonly KnownDifference[] = [
  {
    image: /./,
    difference: /^\/(hidden|Non-Allocatable Space): not expected$/,
    reason: 'Linux leaves hidden files out, isodrive shows them',
  },
  {
    image: /^gi-udf-rr-joliet\.iso$/,
    difference: /^\/(\.#DCA7\.dots: missing|\.\.dots: not expected)$/,
    reason:
      'Linux takes the name "..dots" for "." with an extension and changes it; it is a name like any other',
  },
  {
    image: /^mut--(udf-tag-location|rand-hm-udf-vat-150-1)\.img$/,
    difference: /^\/dir\/.*: not expected$/,
    reason: 'Linux refuses a file entry with a wrong tag location or checksum, isodrive uses it and says so',
  },
  {
    image: /^mut--udf-aed-self-loop\.img$/,
    difference: /^\/aed-chain\.bin: sha256 is read-error:damaged/,
    reason: 'Linux reads the same extents round and round; bytes that no extent names are an error here',
  },
];
