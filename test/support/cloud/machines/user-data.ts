import { gunzipSync } from 'zlib';

/** One part of an instance's user-data. */
export interface UserDataPart {
  /** `text/cloud-config`, `text/x-shellscript`, `text/cloud-boothook`. */
  readonly type: string;
  readonly content: string;
}

const FIRST_LINES: readonly (readonly [string, string])[] = [
  ['#cloud-config', 'text/cloud-config'], ['#cloud-boothook', 'text/cloud-boothook'], ['#!', 'text/x-shellscript'],
];

/** Takes user-data apart as cloud-init does: gzip, MIME multipart in any depth, and parts known by their first line. */
export function userDataParts(data: Buffer): UserDataPart[] {
  const plain = data.length > 2 && data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data;
  const text = plain.toString('utf8');
  if (text.trim() === '') { return []; }
  return isMime(text) ? mimeParts(text) : [{ type: typeOf(text), content: text }];
}

function isMime(text: string): boolean {
  return /^(content-type|mime-version):/i.test(text.trimStart());
}

function mimeParts(text: string): UserDataPart[] {
  const { headers, body } = splitHeaders(text.trimStart());
  const type = (headers['content-type'] ?? 'text/plain').split(';')[0].trim().toLowerCase();
  const boundary = /boundary="?([^";\s]+)"?/i.exec(headers['content-type'] ?? '')?.[1];
  if (type.startsWith('multipart/') && boundary !== undefined) {
    const pieces = `\n${body}`.split(`\n--${boundary}`).slice(1);
    return pieces.filter((piece) => !piece.startsWith('--')).flatMap((piece) => mimeParts(piece.replace(/^[^\n]*\n/, '')));
  }
  const bytes = decoded(body, (headers['content-transfer-encoding'] ?? '7bit').trim().toLowerCase());
  if (bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b) { return userDataParts(bytes); }
  const content = bytes.toString('utf8');
  return [{ type: type === 'text/plain' ? typeOf(content) : type, content }];
}

function splitHeaders(text: string): { headers: { [name: string]: string }; body: string } {
  const lines = text.replace(/\r\n/g, '\n').split('\n');
  const end = lines.indexOf('');
  const headers: { [name: string]: string } = {};
  let last = '';
  for (const line of lines.slice(0, end < 0 ? lines.length : end)) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (match) {
      last = match[1].toLowerCase();
      headers[last] = match[2];
    } else if (last !== '') {
      headers[last] += ` ${line.trim()}`;
    }
  }
  return { headers, body: end < 0 ? '' : lines.slice(end + 1).join('\n') };
}

function decoded(body: string, encoding: string): Buffer {
  if (encoding === 'base64') { return Buffer.from(body, 'base64'); }
  if (encoding !== 'quoted-printable') { return Buffer.from(body); }
  const joined = body.replace(/=\n/g, '');
  return Buffer.from(joined.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
}

function typeOf(text: string): string {
  return FIRST_LINES.find(([start]) => text.startsWith(start))?.[1] ?? 'text/plain';
}
