// Signatures of the Rock Ridge Interchange Protocol (RRIP 1.09, 1.10 and 1.12; IEEE P1282), as big-endian numbers.

export const ROCK_RIDGE_FIELD = {
  /** RRIP 1.09 4.3 Fields in Use; dropped by 1.12. */
  RR: 0x5252,
  /** RRIP 1.12 4.1.1 POSIX File Attributes. */
  PX: 0x5058,
  /** 4.1.2 POSIX Device Number. */
  PN: 0x504e,
  /** 4.1.3 Symbolic Link. */
  SL: 0x534c,
  /** 4.1.4 Alternate Name. */
  NM: 0x4e4d,
  /** 4.1.5.1 Child Link: a directory that was moved elsewhere. */
  CL: 0x434c,
  /** 4.1.5.2 Parent Link: where a moved directory belongs. */
  PL: 0x504c,
  /** 4.1.5.3 Relocated Directory: shown at its CL only. */
  RE: 0x5245,
  /** 4.1.6 Time Stamps. */
  TF: 0x5446,
  /** 4.1.7 File Data in Sparse Format. */
  SF: 0x5346,
  /** Attribute List of AAIP 2.0. */
  AL: 0x414c,
} as const;
