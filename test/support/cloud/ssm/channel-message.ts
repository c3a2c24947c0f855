import { createHash } from 'crypto';

/** Kinds of messages of a data channel. */
export type MessageType =
  'input_stream_data' | 'output_stream_data' | 'acknowledge' | 'channel_closed' | 'start_publication' | 'pause_publication';

/** What the payload of a stream message is. */
export const PAYLOAD = { none: 0, output: 1, size: 3, handshakeRequest: 5, handshakeResponse: 6, handshakeComplete: 7, flag: 10 };

/** Payloads of `PAYLOAD.flag`. */
export const FLAG = { disconnectToPort: 1, terminateSession: 2, connectToPortError: 3 };

export interface ChannelMessage {
  readonly type: MessageType;
  readonly sequence: number;
  /** 1: the first of a stream; 2: the last. */
  readonly flags: number;
  /** A UUID. */
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

/** Where the parts lie; the first one says where the length of the payload lies. */
const AT = { type: 4, version: 36, created: 40, sequence: 48, flags: 56, id: 64, digest: 80, payloadType: 112, payloadLength: 116, payload: 120 };
const TYPE_LENGTH = AT.version - AT.type;
const DIGEST_LENGTH = AT.payloadType - AT.digest;

export function encodeMessage(message: ChannelMessage, now: number): Buffer {
  const header = Buffer.alloc(AT.payload);
  header.writeUInt32BE(AT.payloadLength, 0);
  header.write(message.type.padEnd(TYPE_LENGTH), AT.type, 'ascii');
  header.writeUInt32BE(1, AT.version);
  header.writeBigUInt64BE(BigInt(Math.trunc(now)), AT.created);
  header.writeBigInt64BE(BigInt(message.sequence), AT.sequence);
  header.writeBigUInt64BE(BigInt(message.flags), AT.flags);
  swapHalves(Buffer.from(message.id.replace(/-/g, ''), 'hex')).copy(header, AT.id);
  digestOf(message.payload).copy(header, AT.digest);
  header.writeUInt32BE(message.payloadType, AT.payloadType);
  header.writeUInt32BE(message.payload.length, AT.payloadLength);
  return Buffer.concat([header, message.payload]);
}

/** Reads a message as the agent does. Throws, with what is wrong, where a byte is not as it has to be. */
export function decodeMessage(bytes: Buffer): ChannelMessage {
  if (bytes.length < AT.payload) { throw new Error(`a message of ${bytes.length} bytes`); }
  const headerLength = bytes.readUInt32BE(0);
  if (headerLength !== AT.payloadLength) { throw new Error(`a header length of ${headerLength}`); }
  const padded = bytes.toString('ascii', AT.type, AT.version);
  const type = padded.trimEnd();
  if (padded !== type.padEnd(TYPE_LENGTH)) { throw new Error('a type that is not filled up with spaces'); }
  if (bytes.readUInt32BE(AT.version) !== 1) { throw new Error(`a schema version of ${bytes.readUInt32BE(AT.version)}`); }
  const payload = bytes.subarray(AT.payload);
  if (bytes.readUInt32BE(AT.payloadLength) !== payload.length) { throw new Error('a payload length that is not that of the payload'); }
  if (!digestOf(payload).equals(bytes.subarray(AT.digest, AT.digest + DIGEST_LENGTH))) { throw new Error('a digest that is not that of the payload'); }
  return {
    type: type as MessageType,
    sequence: Number(bytes.readBigInt64BE(AT.sequence)),
    flags: Number(bytes.readBigUInt64BE(AT.flags)),
    id: uuid(swapHalves(bytes.subarray(AT.id, AT.digest))),
    payloadType: bytes.readUInt32BE(AT.payloadType),
    payload,
  };
}

/** IDs travel with their lower half first. */
function swapHalves(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(8, 16), bytes.subarray(0, 8)]);
}

function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function digestOf(payload: Buffer): Buffer {
  return createHash('sha256').update(payload).digest();
}
