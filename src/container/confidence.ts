// How sure a probe is that bytes are what it looks for.

/** 0: not at all. Above that the largest wins. */
export type Confidence = 0 | 1 | 2 | 3;
