// The numbers of the NBD protocol, named as its specification names them (NetworkBlockDevice/nbd, doc/proto.md).

export const NBD_PORT = 10_809;
export const INIT_MAGIC = 'NBDMAGIC';
export const OPTION_MAGIC = 'IHAVEOPT';
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x2560_9513;
export const SIMPLE_REPLY_MAGIC = 0x6744_6698;
export const STRUCTURED_REPLY_MAGIC = 0x668e_33ef;

/** Handshake flags of both sides. */
export const FLAG_FIXED_NEWSTYLE = 1;
export const FLAG_NO_ZEROES = 2;

export const OPTION = {
  EXPORT_NAME: 1,
  ABORT: 2,
  LIST: 3,
  STARTTLS: 5,
  INFO: 6,
  GO: 7,
  STRUCTURED_REPLY: 8,
  LIST_META_CONTEXT: 9,
  SET_META_CONTEXT: 10,
} as const;

export const REPLY = {
  ACK: 1,
  SERVER: 2,
  INFO: 3,
  META_CONTEXT: 4,
  ERR_UNSUP: 0x8000_0001,
  ERR_INVALID: 0x8000_0003,
  ERR_TLS_REQD: 0x8000_0005,
  ERR_UNKNOWN: 0x8000_0006,
} as const;

export const INFO_EXPORT = 0;
export const INFO_NAME = 1;
export const INFO_DESCRIPTION = 2;
export const INFO_BLOCK_SIZE = 3;

/** Transmission flags: read-only, DF is understood, several connections see the same, CACHE is understood. */
const HAS_FLAGS = 1;
const READ_ONLY = 2;
const SEND_FLUSH = 4;
const SEND_DF = 128;
const CAN_MULTI_CONN = 256;
const SEND_CACHE = 1024;
export const EXPORT_FLAGS = HAS_FLAGS | READ_ONLY | SEND_FLUSH | SEND_DF | CAN_MULTI_CONN | SEND_CACHE;

export const COMMAND = {
  READ: 0,
  WRITE: 1,
  DISC: 2,
  FLUSH: 3,
  TRIM: 4,
  CACHE: 5,
  WRITE_ZEROES: 6,
  BLOCK_STATUS: 7,
} as const;

/** Command flags. */
export const COMMAND_FLAG_DF = 4;
export const COMMAND_FLAG_REQ_ONE = 8;

export const CHUNK_FLAG_DONE = 1;
export const CHUNK = {
  NONE: 0,
  OFFSET_DATA: 1,
  BLOCK_STATUS: 5,
  ERROR: 0x8001,
  ERROR_OFFSET: 0x8002,
} as const;

/** Errors of replies; the numbers are the protocol's own, whatever the machine's. */
export const ERROR = { EPERM: 1, EIO: 5, EINVAL: 22, EOVERFLOW: 75, ENOTSUP: 95 } as const;

/** The only metadata context: which parts are holes or zeros. Bit 0 and 1; an image is all data. */
export const BASE_ALLOCATION = 'base:allocation';
export const BASE_ALLOCATION_ID = 1;

/** Bytes of a request that may be asked for at once, as the specification proposes. */
export const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
/** Bytes of an export's name (specification, "Values"). */
export const MAX_STRING_BYTES = 4096;
