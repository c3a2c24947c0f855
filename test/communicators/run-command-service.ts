import { createHash, randomUUID } from 'crypto';
import { once } from 'events';
import { createServer, type IncomingMessage, type ServerResponse } from 'http';
import type { AddressInfo } from 'net';
import { Readable } from 'stream';
import { buffer } from 'stream/consumers';
import type { Staging } from '../../lib/ports/staging';
import { killGroup, start } from '../../lib/process';

/** What goes wrong with the next calls of an action, one after the other. `lost` is a call whose answer does not arrive. */
export interface Mishap {
  readonly action: string;
  readonly kind: 'lost' | 'ThrottlingException' | 'InternalServerError' | 'InvalidInstanceId' | 'InvocationDoesNotExist' | 'AccessDeniedException' | 'ExpiredTokenException';
}

interface Invocation {
  Status: string;
  StandardOutputContent: string;
  StandardErrorContent: string;
  readonly end: () => void;
}

export interface RunCommandService {
  readonly endpoint: string;
  readonly staging: Staging;
  /** Actions in the order they were called. */
  readonly calls: string[];
  /** Texts that were sent to the machine. */
  readonly texts: string[];
  readonly mishaps: Mishap[];
  /** Names of files that are staged at this moment. */
  readonly staged: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Just so much of Run Command and of a bucket that commands run in a machine of this computer, each with the faults that a test wants. */
export async function startRunCommandService(enter: () => Promise<readonly string[]>): Promise<RunCommandService> {
  const invocations = new Map<string, Invocation>();
  const files = new Map<string, Buffer>();
  const calls: string[] = [];
  const texts: string[] = [];
  const mishaps: Mishap[] = [];

  const actions: { readonly [action: string]: (input: any) => Promise<object> } = {
    SendCommand: async ({ Parameters }) => {
      const id = randomUUID();
      texts.push(Parameters.commands.join('\n'));
      invocations.set(id, await invoke(enter, Parameters.commands.join('\n')));
      return { Command: { CommandId: id } };
    },
    GetCommandInvocation: async ({ CommandId }) => ({ ...invocations.get(CommandId), end: undefined }),
    CancelCommand: async ({ CommandId }) => { invocations.get(CommandId)?.end(); return {}; },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const name = request.url!.slice(1);
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string') {
      const action = target.split('.')[1];
      calls.push(action);
      const at = mishaps.findIndex((one) => one.action === action);
      const [mishap] = at < 0 ? [] : mishaps.splice(at, 1);
      if (mishap && mishap.kind !== 'lost') {
        response.writeHead(mishap.kind === 'InternalServerError' ? 500 : 400).end(JSON.stringify({ __type: mishap.kind, message: 'as this test wants it' }));
        return;
      }
      const result = JSON.stringify(await actions[action](JSON.parse(body.toString())));
      if (mishap) { request.socket.destroy(); } else { response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(result); }
      return;
    }
    if (request.method === 'PUT') { files.set(name, body); }
    const file = files.get(name);
    response.writeHead(file ? 200 : 404).end(request.method === 'GET' ? file : undefined);
  };
  const server = createServer((request, response) => { answer(request, response).catch(() => request.socket.destroy()); }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const place = () => {
    const name = randomUUID();
    return { name, url: `${endpoint}/${name}`, remove: async () => { files.delete(name); } };
  };
  const staging: Staging = {
    offer: async (content) => {
      const { name, ...file } = place();
      const data = await buffer(content);
      files.set(name, data);
      return { ...file, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
    },
    expect: async () => {
      const { name, ...file } = place();
      return { ...file, read: async () => Readable.from([files.get(name)!]) };
    },
  };
  return {
    endpoint,
    staging,
    calls,
    texts,
    mishaps,
    staged: () => [...files.keys()],
    stop: async () => {
      for (const { end } of invocations.values()) { end(); }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As the agent does: a script of its own, as root, in a process group of its own; of what it writes only the beginning is kept. */
async function invoke(enter: () => Promise<readonly string[]>, text: string): Promise<Invocation> {
  const child = start([...await enter(), '/bin/sh', '-c', text], { detached: true, env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
  child.stdin!.end();
  const invocation = { Status: 'InProgress', StandardOutputContent: '', StandardErrorContent: '', end: () => killGroup(child) };
  const written = { out: '', err: '' };
  child.stdout!.on('data', (data: Buffer) => { written.out = (written.out + data.toString()).slice(0, 24_000); });
  child.stderr!.on('data', (data: Buffer) => { written.err = (written.err + data.toString()).slice(0, 8_000); });
  child.once('close', (code, signal) => {
    Object.assign(invocation, {
      Status: signal ? 'Cancelled' : code === 0 ? 'Success' : 'Failed', StandardOutputContent: written.out, StandardErrorContent: written.err,
    });
  });
  return invocation;
}
