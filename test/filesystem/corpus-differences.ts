// Where isodrive differs from Linux's isofs on purpose, each with its reason. A row that matches nothing fails the
// corpus test, so that the table cannot outlive its reasons.

export interface KnownDifference {
  /** Images it applies to. */
  readonly image: RegExp;
  /** Differences as compareEntries words them. */
  readonly difference: RegExp;
  readonly reason: string;
}

const RICH =
  /^(gi-rr|gi-udf-rr-joliet|mut--iso-.*|mut--rand-(gi-rr|la-default)-.|xo-1999|mut--rand-gi-udf-.)\.iso$/;

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    image: /./,
    difference: /~\d+(\/.*)?: not expected$/,
    reason: 'Linux lists the same name twice; here the second one is shown as NAME~2, before its suffix',
  },
  {
    image: /^(gi-deep-rr|gi-udf-deep|mut--iso-cl-far)\.iso$/,
    difference: /^\/rr_moved: missing$/,
    reason: 'Linux shows the directory that held relocated ones, empty; here it is hidden, as by bsdtar',
  },
  {
    image: RICH,
    difference: /^\/n+: (missing|not expected)$/,
    reason: 'Linux cuts Rock Ridge names at 253 bytes',
  },
  {
    image: RICH,
    difference: /^\/sym_long: (target|size|sha256)/,
    reason:
      'genisoimage cut the target short; Linux gives EIO, bsdtar and xorriso show what is there, as isodrive',
  },
  {
    image: /^(xo|la)-times\.iso$/,
    difference: /modified is (2147483648|4085200800|5869583999), expected/,
    reason: 'Linux keeps 32 bits of the seconds; the true times are those that isodrive shows',
  },
  {
    image: /^(xo-1999|mut--rand-la-default-.)\.iso$/,
    difference: /^\/bigdev: device is 300,70000, expected 300,112$/,
    reason: 'Linux drops the high bits of a packed minor number; the true device is 300,70000',
  },
  {
    image:
      /^(gi-joliet|gi-joliet-ucs1|gi-joliet-long|gi-udf-rr-joliet|xo-joliet-utf16|xo-level1-joliet|xo-grow3-joliet)\.iso$/,
    difference: /\/upper: sha256 is/,
    reason: 'Linux looks names up without regard to case and finds UPPER for upper',
  },
  {
    image: /^xo-zisofs2\.iso$/,
    difference: /: (size|sha256) is/,
    reason:
      'Linux shows zisofs2 files as they are stored; the test below compares them with what they were made from',
  },
  {
    image: /^xo-grow3-zisofs\.iso$/,
    difference: /^\/names3\/(\\xc3\\xbc)+: not expected$/,
    reason:
      'Linux counts the size of a session from sector 0 and so takes its last continuation area for none',
  },
  {
    image: /^mut--iso-cl-self\.iso$/,
    difference: /: missing$/,
    reason: 'A directory that is moved into itself cannot be opened here; Linux lists it round and round',
  },
  {
    image: /^mut--iso-dir-to-file-data\.iso$/,
    difference: /^\/d+: type is d, expected f$/,
    reason: 'Linux takes file data for the "." record; here the directory stays one and cannot be opened',
  },
  {
    image: /^mut--iso-file-size-huge\.iso$/,
    difference: /^\/bigdev: size is 0/,
    reason: 'Devices have no size',
  },
  {
    image: /^mut--(iso-(namelen-255|rec-len-255|nm-slash)|rand-la-default-0)\.iso$/,
    difference: /: not expected$/,
    reason: 'Linux stops listing at the broken record; here only that record is left out',
  },
  {
    image: /^mut--iso-(nm-len-3|sp-skip-200)\.iso$/,
    difference: /: mode is/,
    reason: 'Without usable Rock Ridge fields files are r--r--r-- here and r-xr-xr-x in Linux',
  },
  {
    image: /^mut--iso-px-mode-dir-on-file\.iso$/,
    difference: /: type is f, expected d$/,
    reason: 'A record without directory flag is a file here, whatever PX says',
  },
  {
    image: /^mut--iso-sl-comp-len\.iso$/,
    difference: /^\/sym_/,
    reason: 'A component that is too long ends with its field here; Linux refuses the link',
  },
];
