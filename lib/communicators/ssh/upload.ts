import { randomBytes } from 'crypto';
import type { Readable, Writable } from 'stream';
import { collect } from './output';
import type { RemoteCommand } from './remote-command';
import { supervise } from './supervision';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { ExecuteResult } from '../../ports/communicator';

/** Content of less than this goes in one act. */
const SEGMENT = 1 << 20;
/** `dd` counts in these, so that it need not know of bytes. */
const BLOCK = 64 << 10;

/** A server lets 2 MiB of a session be on their way, however long that is: several sessions carry more. */
const LANES = 4;

/** What an upload needs of its connection. */
export interface Uplink {
  start(command: string): Promise<RemoteCommand>;
  execute(command: string, options?: { readonly stdin?: Buffer; readonly signal?: AbortSignal }): Promise<ExecuteResult>;
}

/** Writes content to a file on the machine, which is replaced once all of it has arrived. */
export async function upload(uplink: Uplink, content: Readable, path: string, signal?: AbortSignal): Promise<void> {
  const pieces = segments(content);
  try {
    const first = await pieces.next();
    if (first.done || first.value.length < SEGMENT) {
      await uploadAtOnce(uplink, first.done ? Buffer.alloc(0) : first.value, path, signal);
    } else {
      await uploadInLanes(uplink, first.value, pieces, path, signal);
    }
  } finally {
    content.destroy();
  }
}

/** The size goes with the command: a lost connection looks like the end of the input over there. */
async function uploadAtOnce(uplink: Uplink, content: Buffer, path: string, signal?: AbortSignal): Promise<void> {
  const draft = quote(`${path}.golden-part`);
  const command = `rm -f -- ${draft} && umask 077 && cat > ${draft} && [ "$(stat -c %s -- ${draft})" = ${content.length} ] && mv -fT -- ${draft} ${quote(path)}`
    + ` || { rm -f -- ${draft}; exit 1; }`;
  const { exitCode, stderr } = await uplink.execute(command, { stdin: content, signal });
  if (exitCode !== 0) { throw uploadFailed(path, stderr); }
}

async function uploadInLanes(uplink: Uplink, first: Buffer, rest: AsyncGenerator<Buffer>, path: string, signal?: AbortSignal): Promise<void> {
  const draft = quote(`${path}.golden-part.${randomBytes(4).toString('hex')}`);
  const stop = new AbortController();
  const limits = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };
  const source = numbered(first, rest);
  const results = await Promise.allSettled(Array.from({ length: LANES }, () => carry(uplink, source.next, draft, path, limits).catch((error) => {
    // A server may not have so many sessions; one is enough.
    if (!(error instanceof NoLane)) { stop.abort(); }
    throw error;
  })));
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as Error);
  const failure = failures.find((error) => !(error instanceof NoLane) && !(GoldenError.is(error) && error.code === 'interrupted'))
    ?? failures.find((error) => !(error instanceof NoLane)) ?? (failures.length === LANES ? (failures[0] as NoLane).reason : undefined);
  if (failure) {
    if (!GoldenError.is(failure) || failure.code !== 'connection-lost') { await uplink.execute(`rm -f -- ${draft}`).catch(() => undefined); }
    throw failure;
  }
  const { exitCode, stderr } = await uplink.execute(
    `dd if=/dev/null of=${draft} bs=1 seek=${source.size()} count=0 2>/dev/null && mv -fT -- ${draft} ${quote(path)} || { rm -f -- ${draft}; exit 1; }`,
    { signal },
  );
  if (exitCode !== 0) { throw uploadFailed(path, stderr); }
}

/** Sends segments to their places in the file, until there are no more. */
async function carry(
  uplink: Uplink, next: () => Promise<Segment | undefined>, draft: string, path: string, limits: { readonly signal: AbortSignal },
): Promise<void> {
  const place = `said=$(dd of=${draft} bs=${BLOCK} seek="$block" count="$count" conv=notrunc iflag=fullblock 2>&1)`;
  const remote = await uplink.start(`umask 077; while read -r block count; do ${place} || { echo "$said" >&2; exit 1; }; done`)
    .catch((error) => { throw new NoLane(error); });
  await supervise(remote, limits, async () => {
    remote.stdout.resume();
    const ended = Promise.all([collect(remote.stderr), remote.ended]).then(([stderr, exitCode]) => {
      if (exitCode !== 0) { throw uploadFailed(path, stderr); }
    });
    ended.catch(() => { /* told below */ });
    for (let segment = await next(); segment; segment = await next()) {
      await Promise.race([send(remote.stdin, segment), ended]);
    }
    remote.stdin.end();
    await ended;
  });
}

interface Segment {
  /** Its place, in blocks. */
  readonly block: number;
  readonly data: Buffer;
}

/** Only the last segment is not of whole blocks; what fills it up is cut off in the end. */
function send(stdin: Writable, { block, data }: Segment): Promise<void> {
  const count = Math.ceil(data.length / BLOCK);
  stdin.write(`${block} ${count}\n`);
  if (data.length % BLOCK !== 0) { stdin.write(data); }
  const last = data.length % BLOCK === 0 ? data : Buffer.alloc(count * BLOCK - data.length);
  return new Promise((resolve, reject) => stdin.write(last, (error) => (error ? reject(error) : resolve())));
}

/** Hands out segments with their places, one at a time, to whoever asks. */
function numbered(first: Buffer, rest: AsyncGenerator<Buffer>): { readonly next: () => Promise<Segment | undefined>; readonly size: () => number } {
  let size = 0;
  const take = (data: Buffer): Segment => {
    const block = size / BLOCK;
    size += data.length;
    return { block, data };
  };
  let last: Promise<Segment | undefined> | undefined;
  const following = async () => {
    const { value, done } = await rest.next();
    return done ? undefined : take(value);
  };
  return {
    next: () => last = last ? last.then(following) : Promise.resolve(take(first)),
    size: () => size,
  };
}

/** Content in pieces of one size, but the last. */
async function* segments(content: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const data of content) {
    let piece = Buffer.isBuffer(data) ? data : Buffer.from(data as string);
    while (size + piece.length >= SEGMENT) {
      const head = piece.subarray(0, SEGMENT - size);
      yield pieces.length === 0 ? head : Buffer.concat([...pieces, head]);
      piece = piece.subarray(head.length);
      pieces = [];
      size = 0;
    }
    if (piece.length === 0) { continue; }
    pieces.push(piece);
    size += piece.length;
  }
  if (size > 0) { yield Buffer.concat(pieces); }
}

class NoLane extends Error {
  constructor(readonly reason: Error) {
    super(reason.message);
  }
}

function uploadFailed(path: string, stderr: Buffer): GoldenError {
  return new GoldenError('upload-failed', `${path} could not be written on the machine: ${stderr.toString().trim()}`);
}
