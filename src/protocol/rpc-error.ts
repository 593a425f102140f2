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
  const { code, message, action: hint, details } = error;
  return { code: rpc, message, data: { code, hint, exit, ...(details.length === 0 ? {} : { details }) } };
}

/** An error that a peer of another version may have sent: a code unknown here becomes `internal`. */
export function decodeError(sent: RpcError): IsodriveError {
  const code = sent.data?.code;
  const known: ErrorCode = code !== undefined && isErrorCode(code) ? code : 'internal';
  const { hint, details = [] } = sent.data ?? {};
  return new IsodriveError(known, sent.message, { details, ...(hint === undefined ? {} : { action: hint }) });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, code);
}
