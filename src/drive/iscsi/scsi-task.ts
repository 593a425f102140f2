// One SCSI command on its way: parameters in, data out in pieces, status at the end (RFC 7143 11.3, 11.4, 11.7).
import { CheckCondition, encodeSense } from '../mmc/sense.js';
import type { DataIn } from '../mmc/data-in.js';
import { PIECE } from '../net/server-memory.js';
import type { Cancellation } from './cancellation.js';
import { DataSequence } from './data-sequence.js';
import type { Residual } from './data-sequence.js';
import { createHeader, RESPONSE } from './pdu.js';
import type { PduSink } from './pdu-sink.js';

const FINAL = 0x80;
const OVERFLOW = 0x04;
const UNDERFLOW = 0x02;
const GOOD = 0x00;
const CHECK_CONDITION = 0x02;

/**
 * Sends the answer to a command, and its status, just before which `onStatus` is called. Rejects with ConnectionLost,
 * and with `cancelled` when
 * aborted.
 */
export async function sendAnswer(
  session: PduSink,
  command: Buffer,
  run: () => DataIn,
  cancellation: Cancellation,
  onStatus: () => void,
): Promise<void> {
  const expected = command.readUInt32BE(20);
  const isRead = (command[1]! & 0x40) !== 0;
  let sequence: DataSequence | undefined;
  try {
    const data = run();
    const length = isRead ? Math.min(expected, data.length) : 0;
    const residual = residualOf(isRead ? expected : 0, data.length);
    if (length === 0) {
      onStatus();
      await sendResponse(session, command, GOOD, residual, new Uint8Array());
      return;
    }
    const tag = command.readUInt32BE(16);
    const open = new DataSequence(session, { tag, length, residual, onStatus });
    sequence = open;
    await session.buffers.lend(Math.min(PIECE, length), async (buffer) => {
      while (open.sent < length) {
        cancellation.throwIfCancelled();
        if (data.image !== undefined && (await open.sendDirectly(data.image, buffer))) continue;
        const bytes = buffer.subarray(0, length - open.sent);
        await data.read(bytes, open.sent, cancellation.signal);
        cancellation.throwIfCancelled();
        await open.send(bytes);
      }
    });
  } catch (thrown) {
    if (!(thrown instanceof CheckCondition)) throw thrown;
    cancellation.throwIfCancelled();
    onStatus();
    const sense = encodeSense(thrown.sense);
    const data = Buffer.concat([Uint8Array.of(0, sense.length), sense]);
    await sendResponse(session, command, CHECK_CONDITION, residualOf(expected, sequence?.sent ?? 0), data);
  }
}

function residualOf(expected: number, actual: number): Residual {
  if (actual > expected) return { flag: OVERFLOW, bytes: Math.min(actual - expected, 0xffff_ffff) };
  return { flag: actual < expected ? UNDERFLOW : 0, bytes: expected - actual };
}

function sendResponse(
  session: PduSink,
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
