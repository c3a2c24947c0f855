import { decodeMessage, encodeMessage, type SessionMessage } from '../../lib/communicators/ssm/session-message';

const MESSAGE: SessionMessage = {
  type: 'input_stream_data', sequence: 5, flags: 0, id: '00112233-4455-6677-8899-aabbccddeeff', created: 1_700_000_000_000, payloadType: 1, payload: Buffer.from('hello'),
};

/** The same message, field by field. */
const BYTES = Buffer.from([
  '00000074', // length of the header
  '696e7075745f73747265616d5f64617461202020202020202020202020202020', // type, filled up with spaces
  '00000001', // version of the schema
  '0000018bcfe56800', // created
  '0000000000000005', // sequence
  '0000000000000000', // flags
  '8899aabbccddeeff0011223344556677', // ID, its halves the other way round
  '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', // SHA-256 of the payload
  '00000001', // type of the payload
  '00000005', // its length
  '68656c6c6f',
].join(''), 'hex');

test('a message is written byte for byte as the protocol has it', () => {
  expect(encodeMessage(MESSAGE).toString('hex')).toBe(BYTES.toString('hex'));
});

test('a message is read from the bytes of the protocol', () => {
  expect(decodeMessage(BYTES)).toEqual(MESSAGE);
});

test('a type may be filled up with NULs, as the service does', () => {
  const bytes = Buffer.from(BYTES);
  bytes.fill(0, 21, 36);
  expect(decodeMessage(bytes).type).toBe('input_stream_data');
});

test('a message of the service has a shorter header, without a type of its payload', () => {
  const bytes = Buffer.concat([BYTES.subarray(0, 112), BYTES.subarray(116)]);
  bytes.writeUInt32BE(112, 0);
  expect(decodeMessage(bytes)).toEqual({ ...MESSAGE, payloadType: 0 });
});

test.each([
  ['is too short', BYTES.subarray(0, 100)],
  ['lacks a part of its payload', BYTES.subarray(0, -1)],
  ['has a payload that is not what was sent', Buffer.concat([BYTES.subarray(0, -1), Buffer.from('!')])],
  ['has a header that is longer than itself', Buffer.concat([Buffer.from('00ffffff', 'hex'), BYTES.subarray(4)])],
])('a message that %s is refused', (_, bytes) => {
  expect(() => decodeMessage(bytes)).toThrow(expect.objectContaining({ code: 'session-garbled' }));
});
