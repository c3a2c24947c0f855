import type { Socket } from 'net';
import { PassThrough, Writable } from 'stream';
import { encodeFrame, FRAME, FrameParser, type ControlFrame } from './control-frames';
import type { ControlRequest } from './control-server';
import { connectTo } from './control-socket';
import { GoldenError } from '../../errors';
import type { Attachment, Entrance } from '../../ports/attachment';

/** The way into the machine of a build that runs on this computer. Undefined: it does not run. */
export async function entranceOf(stateFolder: string, buildId: string): Promise<Entrance | undefined> {
  const first = await connectTo(stateFolder, buildId);
  if (!first) { return undefined; }
  first.destroy();
  return {
    attach: async (command, options) => {
      const socket = await connectTo(stateFolder, buildId);
      if (!socket) { throw buildEnded(); }
      return attach(socket, { command, ...options });
    },
  };
}

function attach(socket: Socket, request: ControlRequest): Attachment {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const parser = new FrameParser();
  const ended = new Promise<number>((resolve, reject) => {
    const take = ({ type, content }: ControlFrame) => {
      switch (type) {
        case FRAME.stdout: forward(stdout, content); return;
        case FRAME.stderr: forward(stderr, content); return;
        case FRAME.exit: resolve((JSON.parse(content.toString()) as { readonly exitCode: number }).exitCode); return;
        case FRAME.failure: {
          const { code, message, kind, hint } = JSON.parse(content.toString()) as GoldenError;
          reject(new GoldenError(code, message, { kind, hint }));
        }
      }
    };
    socket.on('data', (piece: Buffer) => parser.add(piece).forEach(take));
    socket.on('error', () => { /* its end says the same */ });
    socket.once('close', () => {
      stdout.end();
      stderr.end();
      // Of no meaning where it has said how it ended.
      reject(buildEnded());
    });
  });
  ended.catch(() => { /* whoever waits for it is told */ });
  const full = new Set<PassThrough>();
  const forward = (to: PassThrough, data: Buffer) => {
    if (to.write(data) || full.has(to)) { return; }
    full.add(to);
    socket.pause();
    to.once('drain', () => {
      full.delete(to);
      if (full.size === 0) { socket.resume(); }
    });
  };
  socket.write(encodeFrame(FRAME.request, request));
  return {
    stdin: new Writable({
      write: (data: Buffer, _encoding, done) => { socket.write(encodeFrame(FRAME.stdin, data), () => done()); },
      final: (done) => { socket.write(encodeFrame(FRAME.stdinEnd), () => done()); },
    }),
    stdout,
    stderr,
    ended,
    resize: (size) => { if (!socket.destroyed) { socket.write(encodeFrame(FRAME.size, size)); } },
    end: async () => { socket.destroy(); },
  };
}

function buildEnded(): GoldenError {
  return new GoldenError('connection-lost', 'The build has let its machine go', { hint: 'golden logs shows what it printed.' });
}
