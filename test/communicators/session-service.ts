import { once } from 'events';
import { createServer } from 'http';
import { connect, type AddressInfo } from 'net';
import { json } from 'stream/consumers';
import type { CloudMachine } from '../support/cloud/machines/machine-provider';
import { ownTerminal } from '../support/cloud/machines/machine-terminal';
import { createSsmService, type TestableSsmService } from '../support/cloud/ssm/create-ssm-service';
import type { SsmInstance } from '../support/cloud/ssm/ssm-service';

export interface SessionService {
  readonly ssm: TestableSsmService;
  readonly calls: string[];
  readonly stop: () => Promise<void>;
}

/** Systems Manager of the emulated cloud by itself, with one instance whose ports and terminals are those of this computer. */
export async function startSessionService(instanceId: string): Promise<SessionService> {
  const calls: string[] = [];
  const machine = {
    dial: async (port: number) => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
    terminal: async (command: string) => ownTerminal(command),
  } as Partial<CloudMachine> as CloudMachine;
  const instance: SsmInstance = { id: instanceId, state: 'running', startedAt: 1, address: '127.0.0.1', managed: true, hasAgent: true, machine };
  let endpoint = '';
  const ssm = createSsmService({
    instance: (_account, _region, id) => (id === instanceId ? instance : undefined),
    instances: () => [instance],
    get endpoint() { return endpoint; },
    now: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    settings: { ssmOnlineMs: 0 },
  });
  const server = createServer((request, response) => {
    const action = String(request.headers['x-amz-target']).split('.')[1];
    calls.push(action);
    json(request)
      .then((input) => ssm.handle({ action, input: input as object as { [name: string]: unknown }, account: '123456789012', region: 'us-east-2' }))
      .then((result) => response.writeHead(200).end(JSON.stringify(result)))
      .catch((error: Error & { readonly code?: string }) => {
        response.writeHead(400).end(JSON.stringify({ __type: error.code, message: error.message }));
      });
  });
  server.on('upgrade', (request, socket, head) => { if (!ssm.upgrade(request, socket, head)) { socket.destroy(); } });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.AWS_ENDPOINT_URL_SSM = `http://${endpoint}`;
  return {
    ssm,
    calls,
    stop: async () => {
      await ssm.reset();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
