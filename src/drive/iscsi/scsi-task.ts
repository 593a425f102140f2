// One SCSI command on its way: parameters in, data out in pieces, status at the end (RFC 7143 11.3, 11.4, 11.7).
import { CheckCondition, encodeSense } from '../mmc/sense.js';
import type { DataIn } from '../mmc/data-in.js';
import { createHeader, NO_TAG, RESPONSE } from './pdu.js';
import type { Session } from './session.js';

const FINAL = 0x80;
const STATUS_PRESENT = 0x01;
const OVERFLOW = 0x04;
const UNDERFLOW = 0x02;
const GOOD = 0x00;
const CHECK_CONDITION = 0x02;
/** Bytes read from the disc at a time. */
const PIECE = 256 * 1024;

/** Sends the answer to a command, and its status, just before which `onStatus` is called. Rejects with ConnectionLost, and with `cancelled` when aborted. */
export async function sendAnswer(
  session: Session,
  command: Buffer,
  run: () => DataIn,
  signal: AbortSignal,
  onStatus: () => void,
): Promise<void> {
  const expected = command.readUInt32BE(20);
  const isRead = (command[1]! & 0x40) !== 0;
  let sent = 0;
  try {
    const data = run();
    const length = isRead ? Math.min(expected, data.length) : 0;
    const residual = residualOf(isRead ? expected : 0, data.length);
    let dataNumber = 0;
    let burst = 0;
    while (sent < length) {
      const { maxDataIn, maxBurst } = session.parameters;
      const size = Math.min(PIECE, maxDataIn, maxBurst - burst, length - sent);
      const giveBack = await session.budget.take(size);
      try {
        const bytes = await data.read(sent, size, signal);
        const isLast = sent + size === length;
        burst = burst + size === maxBurst ? 0 : burst + size;
        const flags = (isLast || burst === 0 ? FINAL : 0) | (isLast ? STATUS_PRESENT | residual.flag : 0);
        const header = createHeader(RESPONSE.DATA_IN, flags, command.readUInt32BE(16));
        header.writeUInt32BE(NO_TAG, 20);
        header.writeUInt32BE(dataNumber, 36);
        header.writeUInt32BE(sent, 40);
        if (isLast) header.writeUInt32BE(residual.bytes, 44);
        signal.throwIfAborted();
        if (isLast) onStatus();
        await session.send(header, bytes, isLast ? 'status' : 'data');
        sent += size;
        dataNumber += 1;
      } finally {
        giveBack();
      }
    }
    if (length > 0) return;
    onStatus();
    await sendResponse(session, command, GOOD, residual, new Uint8Array());
  } catch (thrown) {
    if (!(thrown instanceof CheckCondition)) throw thrown;
    signal.throwIfAborted();
    onStatus();
    const sense = encodeSense(thrown.sense);
    const data = Buffer.concat([Uint8Array.of(0, sense.length), sense]);
    await sendResponse(session, command, CHECK_CONDITION, residualOf(expected, sent), data);
  }
}

interface Residual {
  readonly flag: number;
  readonly bytes: number;
}

/** How far what there was to send differs from what the initiator expected. */
function residualOf(expected: number, actual: number): Residual {
  if (actual > expected) return { flag: OVERFLOW, bytes: Math.min(actual - expected, 0xffff_ffff) };
  return { flag: actual < expected ? UNDERFLOW : 0, bytes: expected - actual };
}

function sendResponse(
  session: Session,
  command: Buffer,
  status: number,
  residual: Residual,
  data: Uint8Array,
): Promise<void> {
  const header = createHeader(RESPONSE.SCSI_RESPONSE, FINAL | residual.flag, command.readUInt32BE(16));
  header[3] = status;
  header.writeUInt32BE(residual.bytes, 44);
  return session.send(header, data, 'status');
}
