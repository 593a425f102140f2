// Carries an IsodriveError over the control socket and back, so that the shell prints what the daemon met.
import { ERROR_KINDS, IsodriveError, toIsodriveError } from '../base/error.js';
import type { ErrorCode } from '../base/error.js';
import type { RpcError } from './messages.js';

/** JSON-RPC 2.0 section 5.1. */
export const RPC_PARSE_ERROR = -32700;
export const RPC_INVALID_REQUEST = -32600;
export const RPC_METHOD_NOT_FOUND = -32601;

export function encodeError(thrown: unknown): RpcError {
  const error = toIsodriveError(thrown);
  const { rpc, exit } = error.kind;
  return { code: rpc, message: error.message, data: { code: error.code, hint: error.action, exit } };
}

/** An error that a peer of another version may have sent: a code unknown here becomes `internal`. */
export function decodeError(sent: RpcError): IsodriveError {
  const code = sent.data?.code;
  const known: ErrorCode = code !== undefined && isErrorCode(code) ? code : 'internal';
  return new IsodriveError(known, sent.message, sent.data === undefined ? {} : { action: sent.data.hint });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, code);
}
