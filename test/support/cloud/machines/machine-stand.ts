import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { createMachineProvider, type MachineKind, type RealMachineProvider } from './create-machine-provider';
import type { CloudMachine, CloudMachineRequest } from './machine-provider';
import { createSsmService, type TestableSsmService } from '../ssm/create-ssm-service';
import type { SsmCall, SsmInstance } from '../ssm/ssm-service';

const ACCOUNT = '123456789012';
const REGION = 'us-east-2';
const POLL_MS = 10;

/** A cloud without a cloud: machines, the service that reaches them, and an endpoint which they can ask. */
export interface MachineStand {
  readonly provider: RealMachineProvider;
  readonly ssm: TestableSsmService;
  readonly settings: { ssmOnlineMs: number };
  readonly endpointPort: number;
  /** Milliseconds by which the service's clock is ahead. */
  readonly clock: { ahead: number };
  /** What the service is told of an instance. */
  readonly instances: Map<string, SsmInstance>;
  launch(changes?: Partial<CloudMachineRequest>): Promise<CloudMachine>;
  call<T>(action: string, input: SsmCall['input']): Promise<T>;
  close(): Promise<void>;
}

/** The address of the n-th machine of a suite; suites run side by side. */
export function testAddress(suite: number, n = 1): string {
  return `127.77.${suite}.${n}`;
}

export async function machineStand(kind: MachineKind, suite: number): Promise<MachineStand> {
  const provider = createMachineProvider(kind);
  const instances = new Map<string, SsmInstance>();
  const settings = { ssmOnlineMs: 0 };
  const clock = { ahead: 0 };
  let launched = 0;
  const server = createServer((request, response) => response.end(`you asked for ${request.url}`));
  const endpointPort = await listen(server);
  const ssm = createSsmService({
    instance: (_account, _region, id) => instances.get(id),
    instances: () => [...instances.values()],
    endpoint: `localhost:${endpointPort}`,
    now: () => Date.now() + clock.ahead,
    sleep: (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); }),
    settings,
  });
  server.on('upgrade', (request, socket, head) => { if (!ssm.upgrade(request, socket, head)) { socket.destroy(); } });
  return {
    provider,
    ssm,
    settings,
    endpointPort,
    clock,
    instances,
    async launch(changes = {}) {
      const number = ++launched;
      const request = {
        instanceId: `i-${String(number).padStart(17, '0')}`,
        imageDisk: changes.imageDisk ?? await provider.baseDisk('debian-12'),
        loginUser: 'admin',
        address: testAddress(suite, number),
        region: REGION,
        endpointPort,
        ...changes,
      };
      const machine = await provider.launch(request);
      const { instanceId: id, address } = request;
      instances.set(id, { id, state: 'running', startedAt: Date.now(), address, managed: true, hasAgent: true, machine });
      return machine;
    },
    call: <T>(action: string, input: SsmCall['input']) => ssm.handle({ action, input, account: ACCOUNT, region: REGION }) as Promise<T>,
    async close() {
      await ssm.reset();
      await provider.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks until the answer is one that is wanted. */
export async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) { return answer; }
    if (Date.now() > deadline) { throw new Error(`After ${timeoutMs / 1000} s it is still ${JSON.stringify(answer)}`); }
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
}

/** What a script prints on a machine. */
export async function printed(machine: CloudMachine, script: string): Promise<string> {
  const pieces: Buffer[] = [];
  const { exitCode } = await machine.exec!(script, { onStdout: (data) => pieces.push(data), onStderr: (data) => pieces.push(data) });
  return `${Buffer.concat(pieces).toString()}${exitCode === 0 ? '' : `exit code ${exitCode}`}`;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return (server.address() as AddressInfo).port;
}
