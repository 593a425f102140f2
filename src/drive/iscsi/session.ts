// A session after its login (RFC 7143 4.2.2): numbers commands, runs them side by side, and answers everything else.
import type { ByteStream } from '../net/byte-stream.js';
import { ConnectionLost } from '../net/byte-stream.js';
import { SendBuffers } from '../net/send-buffers.js';
import type { ServerMemory } from '../net/server-memory.js';
import type { ImageRange } from '../image-message.js';
import { ImageMessage } from '../image-message.js';
import { Cancellation } from './cancellation.js';
import { decodeUnit } from './logical-units.js';
import type { LogicalUnits } from './logical-units.js';
import type { LoggedIn } from './login.js';
import type { Parameters } from './parameters.js';
import type { Pdu } from './pdu.js';
import {
  createHeader,
  DIGEST_LENGTH,
  encodePdu,
  HEADER_LENGTH,
  isImmediate,
  MAX_RECEIVED_DATA,
  NO_TAG,
  opcodeOf,
  PDU_ALIGNMENT,
  readPdu,
  REQUEST,
  RESPONSE,
  setDataLength,
} from './pdu.js';
import type { PduKind, PduSink } from './pdu-sink.js';
import { sendAnswer } from './scsi-task.js';
import { encodeKeys, TextCollector } from './text-keys.js';
import { negotiateParameters } from './parameters.js';

const FINAL = 0x80;
/** Commands that may be under way at a time. */
const WINDOW = 64;
/** Answers, to commands under way and to others, that may wait for an initiator to take them. */
const MAX_ANSWERS = 2 * WINDOW;
/** Target transfer tag of a text negotiation that goes on. */
const TEXT_TAG = 0;
const WRITE_FLAG = 0x20;
/** Operation codes with a parameter list: MODE SELECT (6) and (10), SET STREAMING. */
const PARAMETER_COMMANDS = [0x15, 0x55, 0xb6];
/** Task management functions (RFC 7143 11.5.1) and responses. */
const ABORT_TASK = 1;
const ABORT_TASK_SET = 2;
const CLEAR_TASK_SET = 4;
const UNIT_RESET = 5;
const WARM_RESET = 6;
const COLD_RESET = 7;
const COMPLETE = 0;
const NO_SUCH_TASK = 1;
const NO_SUCH_UNIT = 2;
const FUNCTION_NOT_SUPPORTED = 5;
/** REJECT reasons (RFC 7143 11.17.1). */
const COMMAND_NOT_SUPPORTED = 0x05;
/** LOGOUT: removing a connection for recovery, which level 0 has not. */
const RECOVERY = 2;
const RECOVERY_NOT_SUPPORTED = 2;

interface Task {
  readonly unit: number | undefined;
  readonly cancellation: Cancellation;
  /** The command, and its parameters as far as they have come. */
  readonly command: Buffer;
  parameters: Buffer;
}

export interface SessionOptions {
  readonly stream: ByteStream;
  readonly loggedIn: LoggedIn;
  readonly units: LogicalUnits;
  readonly memory: ServerMemory;
  /** The answer to SendTargets: name and address (RFC 7143 Appendix C). */
  readonly targets: readonly (readonly [string, string])[];
}

export class Session implements PduSink {
  readonly parameters: Parameters;
  readonly buffers: SendBuffers;
  readonly #options: SessionOptions;
  readonly #tasks = new Map<number, Task>();
  readonly #running = new Set<Promise<void>>();
  #expectedCommand: number;
  #statusNumber: number;
  #hasLeft = false;
  readonly #text = new TextCollector();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.parameters = options.loggedIn.parameters;
    this.buffers = new SendBuffers(options.memory);
    this.#expectedCommand = options.loggedIn.commandNumber;
    this.#statusNumber = options.loggedIn.statusNumber;
  }

  /** Serves the session until it is logged out or its connection ends. Rejects with ConnectionLost. */
  async run(): Promise<void> {
    const { stream } = this.#options;
    try {
      while (!this.#hasLeft) {
        const pdu = await readPdu(stream, this.parameters.digests);
        if (pdu === undefined) return;
        if (this.#countCommand(pdu)) await this.#dispatch(pdu);
        // Whoever asks on and on and takes no answer is not listened to any more.
        while (this.#running.size >= MAX_ANSWERS) await Promise.race(this.#running);
      }
    } finally {
      for (const { cancellation } of this.#tasks.values()) cancellation.cancel();
      await Promise.all(this.#running);
    }
  }

  send(header: Buffer, data: Uint8Array, kind: PduKind): Promise<void> {
    return this.#options.stream.send(() => {
      this.#number(header, kind);
      this.#countStatus(kind);
      return encodePdu(this.parameters.digests, header, data);
    });
  }

  async sendDirectly(
    header: Buffer,
    image: ImageRange,
    bytes: number,
    buffer: Uint8Array,
    kind: PduKind,
  ): Promise<boolean> {
    const { stream } = this.#options;
    const { digests } = this.parameters;
    if (digests.data !== undefined || bytes % PDU_ALIGNMENT !== 0) return false;
    setDataLength(header, bytes);
    const front =
      digests.header === undefined ? header : Buffer.concat([header, Buffer.alloc(DIGEST_LENGTH)]);
    const message = new ImageMessage({ ...image, header: front, bytes, buffer, closed: stream.closed });
    return stream.sendDirectly({
      length: message.length,
      read: (offset) => message.read(offset),
      sendNow: (socket, offset) => {
        if (offset > 0) return message.sendNow(socket, offset);
        this.#number(front, kind);
        digests.header?.(front.subarray(0, HEADER_LENGTH)).copy(front, HEADER_LENGTH);
        const sent = message.sendNow(socket, 0);
        if (sent !== undefined) this.#countStatus(kind);
        return sent;
      },
    });
  }

  #countStatus(kind: PduKind): void {
    if (kind === 'status') this.#statusNumber = (this.#statusNumber + 1) >>> 0;
  }

  #number(header: Buffer, kind: PduKind): void {
    if (kind !== 'data') header.writeUInt32BE(this.#statusNumber, 24);
    header.writeUInt32BE(this.#expectedCommand, 28);
    header.writeUInt32BE((this.#expectedCommand + WINDOW - this.#tasks.size - 1) >>> 0, 32);
  }

  /**
   * Whether the request is to be looked at: those outside of the window are not. Within it one connection delivers
   * them in order, so that another number means that one was lost (RFC 7143 4.2.2.1).
   */
  #countCommand(pdu: Pdu): boolean {
    if (opcodeOf(pdu) === REQUEST.DATA_OUT || isImmediate(pdu)) return true;
    const number = pdu.header.readUInt32BE(24);
    const ahead = (number - this.#expectedCommand) >>> 0;
    if (ahead >= WINDOW) return false;
    if (ahead > 0) throw new ConnectionLost(`Initiator sent command ${number}`);
    this.#expectedCommand = (this.#expectedCommand + 1) >>> 0;
    return true;
  }

  async #dispatch(pdu: Pdu): Promise<void> {
    const { isDiscovery } = this.#options.loggedIn;
    const opcode = opcodeOf(pdu);
    if (opcode === REQUEST.TEXT) return this.#answerText(pdu);
    if (opcode === REQUEST.LOGOUT) return this.#logOut(pdu);
    if (opcode === REQUEST.NOP_OUT) return this.#answerNop(pdu);
    if (isDiscovery) return this.#reject(pdu);
    if (opcode === REQUEST.SCSI_COMMAND) return this.#startTask(pdu);
    if (opcode === REQUEST.DATA_OUT) {
      this.#takeParameters(pdu);
      return;
    }
    if (opcode === REQUEST.TASK_MANAGEMENT) return this.#manageTasks(pdu);
    return this.#reject(pdu);
  }

  async #startTask({ header, data }: Pdu): Promise<void> {
    const tag = header.readUInt32BE(16);
    if (this.#tasks.has(tag) || this.#tasks.size >= WINDOW)
      throw new ConnectionLost(`Task ${tag} is one too many`);
    const task: Task = {
      unit: decodeUnit(header.subarray(8, 16)),
      cancellation: new Cancellation(),
      command: header,
      parameters: data,
    };
    this.#tasks.set(tag, task);
    if (this.#missing(task) > 0) return this.#askForParameters(task);
    this.#run(tag, task);
  }

  /**
   * Bytes of parameters that a command needs and that have not come. Data of commands that have no use for any is not
   * asked
   * for.
   */
  #missing({ command, parameters }: Task): number {
    if ((command[1]! & WRITE_FLAG) === 0 || !PARAMETER_COMMANDS.includes(command[32]!)) return 0;
    return Math.max(0, Math.min(command.readUInt32BE(20), MAX_RECEIVED_DATA) - parameters.length);
  }

  #askForParameters(task: Task): Promise<void> {
    const tag = task.command.readUInt32BE(16);
    const header = createHeader(RESPONSE.READY_TO_TRANSFER, FINAL, tag);
    task.command.copy(header, 8, 8, 16);
    header.writeUInt32BE(tag, 20); // TARGET TRANSFER TAG
    header.writeUInt32BE(task.parameters.length, 40);
    header.writeUInt32BE(this.#missing(task), 44);
    return this.send(header, new Uint8Array(), 'other');
  }

  #takeParameters({ header, data }: Pdu): void {
    const tag = header.readUInt32BE(16);
    const task = this.#tasks.get(tag);
    // What comes after its task was aborted has nowhere to go.
    if (task === undefined) return;
    if (data.length > this.#missing(task) || header.readUInt32BE(40) !== task.parameters.length) {
      throw new ConnectionLost('Initiator sent data that was not asked for');
    }
    task.parameters = Buffer.concat([task.parameters, data]);
    if (this.#missing(task) === 0) this.#run(tag, task);
  }

  #run(tag: number, task: Task): void {
    const { stream, units } = this.#options;
    const { command, parameters, unit, cancellation } = task;
    const release = units.hold(unit);
    const work = sendAnswer(
      this,
      command,
      () => units.execute(unit, command.subarray(32, 48), parameters),
      cancellation,
      // The window opens with the status that ends the task.
      () => this.#tasks.delete(tag),
    )
      .catch(() => {
        // An aborted task is not answered; without an answer of its own a session cannot go on.
        if (!cancellation.isCancelled) stream.destroy();
      })
      .finally(() => {
        release();
        if (this.#tasks.get(tag) === task) this.#tasks.delete(tag);
        this.#running.delete(work);
      });
    this.#running.add(work);
  }

  #manageTasks({ header }: Pdu): Promise<void> {
    const unit = decodeUnit(header.subarray(8, 16));
    const response = createHeader(RESPONSE.TASK_MANAGEMENT, FINAL, header.readUInt32BE(16));
    response[2] = this.#manage(header[1]! & 0x7f, unit, header.readUInt32BE(20));
    return this.send(response, new Uint8Array(), 'status');
  }

  #manage(action: number, unit: number | undefined, tag: number): number {
    switch (action) {
      case ABORT_TASK:
        return this.#abort((_, one) => one === tag) ? COMPLETE : NO_SUCH_TASK;
      case ABORT_TASK_SET:
      case CLEAR_TASK_SET:
        this.#abort((task) => task.unit === unit);
        return COMPLETE;
      case UNIT_RESET:
        if (unit === undefined || !this.#options.units.reset(unit)) return NO_SUCH_UNIT;
        this.#abort((task) => task.unit === unit);
        return COMPLETE;
      case WARM_RESET:
      case COLD_RESET:
        this.#options.units.reset();
        this.#abort(() => true);
        return COMPLETE;
      default:
        return FUNCTION_NOT_SUPPORTED;
    }
  }

  #abort(matches: (task: Task, tag: number) => boolean): boolean {
    const found = [...this.#tasks].filter(([tag, task]) => matches(task, tag));
    for (const [tag, task] of found) {
      task.cancellation.cancel();
      this.#tasks.delete(tag);
    }
    return found.length > 0;
  }

  async #answerNop({ header, data }: Pdu): Promise<void> {
    const tag = header.readUInt32BE(16);
    if (tag === NO_TAG) return;
    const response = createHeader(RESPONSE.NOP_IN, FINAL, tag);
    header.copy(response, 8, 8, 16);
    response.writeUInt32BE(NO_TAG, 20);
    await this.send(response, data.subarray(0, this.parameters.maxDataIn), 'status');
  }

  async #answerText(pdu: Pdu): Promise<void> {
    const { header } = pdu;
    const keys = this.#text.take(pdu);
    const isLast = (header[1]! & FINAL) !== 0 && keys !== undefined;
    const response = createHeader(RESPONSE.TEXT, isLast ? FINAL : 0, header.readUInt32BE(16));
    response.writeUInt32BE(isLast ? NO_TAG : TEXT_TAG, 20);
    await this.send(response, encodeKeys(keys === undefined ? [] : this.#answerKeys(keys)), 'status');
  }

  #answerKeys(keys: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
    const { loggedIn, targets } = this.#options;
    const wanted = keys.get('SendTargets');
    if (wanted === undefined) {
      const changed = { ...this.parameters };
      const answers = negotiateParameters(keys, changed);
      // All else is agreed on at login alone.
      this.parameters.maxDataIn = changed.maxDataIn;
      return answers;
    }
    // "All" is for discovery; an empty value asks for the target of the session.
    const isKnown =
      (wanted === 'All' && loggedIn.isDiscovery) ||
      (wanted === '' && !loggedIn.isDiscovery) ||
      targets.some(([, name]) => name === wanted.toLowerCase());
    return isKnown ? targets : [];
  }

  async #logOut({ header }: Pdu): Promise<void> {
    const isRecovery = (header[1]! & 0x7f) === RECOVERY;
    const response = createHeader(RESPONSE.LOGOUT, FINAL, header.readUInt32BE(16));
    response[2] = isRecovery ? RECOVERY_NOT_SUPPORTED : COMPLETE;
    this.#hasLeft = !isRecovery;
    await this.send(response, new Uint8Array(), 'status');
  }

  #reject({ header }: Pdu): Promise<void> {
    const response = createHeader(RESPONSE.REJECT, FINAL, NO_TAG);
    response[2] = COMMAND_NOT_SUPPORTED;
    return this.send(response, header, 'status');
  }
}
