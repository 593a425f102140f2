// The time of records that iso-builder writes when it is told none.

/** 2020-01-02 03:04:05 UTC, seconds since 1970. */
export const TEST_TIME = Date.UTC(2020, 0, 2, 3, 4, 5) / 1000;
