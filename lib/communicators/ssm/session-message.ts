import { createHash } from 'crypto';
import { GoldenError } from '../../errors';

export type MessageType = 'input_stream_data' | 'output_stream_data' | 'acknowledge' | 'channel_closed' | 'start_publication' | 'pause_publication';

/** What the payload of stream data is. */
export const PAYLOAD = { none: 0, output: 1, size: 3, handshakeRequest: 5, handshakeResponse: 6, handshakeComplete: 7, flag: 10 } as const;

export const FLAG = { terminateSession: 2, connectToPortError: 3 } as const;

/** One message of a session's data channel. */
export interface SessionMessage {
  readonly type: MessageType;
  /** Counts the stream data of one direction, from 0. */
  readonly sequence: number;
  /** Bit 0: the first of a stream; bit 1: its last. */
  readonly flags: number;
  /** A UUID. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly payloadType: number;
  readonly payload: Buffer;
}

/** Where the fields are; the payload follows its length, which the length of the header does not count. */
const AT = { type: 4, schema: 36, created: 40, sequence: 48, flags: 56, id: 64, digest: 80, kind: 112, length: 116, payload: 120 } as const;
const SCHEMA = 1;

export function encodeMessage(message: SessionMessage): Buffer {
  const { payload } = message;
  const bytes = Buffer.alloc(AT.payload + payload.length);
  bytes.writeUInt32BE(AT.length, 0);
  bytes.write(message.type.padEnd(AT.schema - AT.type), AT.type, 'latin1');
  bytes.writeUInt32BE(SCHEMA, AT.schema);
  bytes.writeBigUInt64BE(BigInt(message.created), AT.created);
  bytes.writeBigInt64BE(BigInt(message.sequence), AT.sequence);
  bytes.writeBigUInt64BE(BigInt(message.flags), AT.flags);
  swapped(Buffer.from(message.id.replace(/-/g, ''), 'hex')).copy(bytes, AT.id);
  digestOf(payload).copy(bytes, AT.digest);
  bytes.writeUInt32BE(message.payloadType, AT.kind);
  bytes.writeUInt32BE(payload.length, AT.length);
  payload.copy(bytes, AT.payload);
  return bytes;
}

/** Errors: `session-garbled` where it is none, or its payload is not what was sent. */
export function decodeMessage(bytes: Buffer): SessionMessage {
  if (bytes.length < AT.length) { throw garbled(`it has ${bytes.length} bytes`); }
  const headerLength = bytes.readUInt32BE(0);
  if (headerLength < AT.kind || headerLength + 4 > bytes.length) { throw garbled(`its header has ${headerLength} bytes`); }
  const type = bytes.toString('latin1', AT.type, AT.schema).replace(/[\0 ]+$/, '') as MessageType;
  const payload = bytes.subarray(headerLength + 4);
  const length = bytes.readUInt32BE(headerLength);
  if (payload.length !== length) { throw garbled(`of ${length} bytes ${payload.length} are there`); }
  if (length > 0 && !digestOf(payload).equals(bytes.subarray(AT.digest, AT.kind))) { throw garbled('its digest is another'); }
  return {
    type,
    sequence: Number(bytes.readBigInt64BE(AT.sequence)),
    flags: Number(bytes.readBigUInt64BE(AT.flags)),
    id: uuid(swapped(bytes.subarray(AT.id, AT.digest))),
    created: Number(bytes.readBigUInt64BE(AT.created)),
    // Messages of the service itself have shorter headers.
    payloadType: headerLength >= AT.length ? bytes.readUInt32BE(AT.kind) : PAYLOAD.none,
    payload,
  };
}

/** The two halves of an ID travel the other way round. */
function swapped(id: Buffer): Buffer {
  return Buffer.concat([id.subarray(8), id.subarray(0, 8)]);
}

function uuid(id: Buffer): string {
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function digestOf(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest();
}

function garbled(reason: string): GoldenError {
  return new GoldenError('session-garbled', `A message of Session Manager cannot be read: ${reason}`);
}
