// What a command needs of the session that it belongs to: a way for its answers, and the bounds of PDUs.
import type { ImageRange } from '../image-message.js';
import type { SendBuffers } from '../net/send-buffers.js';
import type { Parameters } from './parameters.js';

export type PduKind = 'status' | 'data' | 'other';

export interface PduSink {
  readonly parameters: Parameters;
  readonly buffers: SendBuffers;
  /** Sends a PDU with the numbers that all have; `status` ones take a status number, others show the next. */
  send(header: Buffer, data: Uint8Array, kind: PduKind): Promise<void>;
  /**
   * Sends a PDU whose data an image has in memory; gives false, with nothing sent, when it has not, or has to be
   * summed
   * up.
   */
  sendDirectly(
    header: Buffer,
    image: ImageRange,
    bytes: number,
    buffer: Uint8Array,
    kind: PduKind,
  ): Promise<boolean>;
}
