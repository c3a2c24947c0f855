import { join } from 'path';
import { Buckets } from './buckets';
import { openCatalogue } from './catalogue';
import { CloudFormation } from './cloudformation/cloudformation';
import { Credentials } from './credentials';
import { Faults } from './faults';
import type { MachineProvider } from './machines/machine-provider';
import { MemoryMachines } from './machines/memory-machines';
import { motoProxy } from './moto-proxy';
import { leftResources, type LeftResources } from './resources';
import { RoleSessions } from './role-sessions';
import { startServer, type Authority, type LoggedCall } from './server';
import type { OpenPaths } from './service';
import type { ServiceSurroundings } from './service-surroundings';
import { openServices, type Services } from './services';
import { DEFAULT_SETTINGS, type CloudSettings } from './settings';
import type { CreateSsmService, SsmService } from './ssm/ssm-service';
import { ssmSurroundings } from './ssm-surroundings';
import { startMoto } from '../moto';
import { worldState, type WorldState } from './world-state';
import type { Clock } from '../../../lib/ports/clock';

export interface CloudOptions<Ssm extends SsmService = SsmService> {
  /** @default machines that run nothing */
  readonly machines?: MachineProvider;
  /** Run Command and Session Manager. @default none: their calls are errors */
  readonly ssm?: (...parameters: Parameters<CreateSsmService>) => Ssm;
  /** What differs from the usual settings. */
  readonly settings?: Partial<CloudSettings>;
  /** @default the real time */
  readonly clock?: Clock;
  /** Of the endpoint. @default a free one */
  readonly port?: number;
}

/** An emulated AWS on loopback. */
export interface Cloud<Ssm extends SsmService = SsmService> {
  readonly account: string;
  readonly region: string;
  /** `http://localhost:<port>` */
  readonly endpoint: string;
  /** What makes a tool of AWS use it. */
  readonly environment: { readonly [name: string]: string };
  /** Every call since the start or the last reset, in the order of their answers. */
  readonly calls: LoggedCall[];
  readonly faults: Faults;
  readonly settings: CloudSettings;
  /** Tests let it decide by policies. */
  readonly authority: Authority;
  readonly machines: MachineProvider;
  readonly ssm: Ssm;
  /** Functions, builds, and the events between them. */
  readonly services: Services;
  /** Everything that is there, for tests that look behind the API. */
  readonly world: WorldState;
  /** What was made and is still there. */
  resources(): Promise<LeftResources>;
  /** Forgets everything but how it was started. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, with a moto server behind it. */
export async function startCloud<Ssm extends SsmService = SsmService>(options: CloudOptions<Ssm> = {}): Promise<Cloud<Ssm>> {
  // Images are ours, so that moto need not spend a second on its own in every region.
  const moto = await startMoto({ MOTO_EC2_LOAD_DEFAULT_AMIS: 'false', MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' });
  const proxy = motoProxy(moto.environment.AWS_ENDPOINT_URL);
  const clock = options.clock ?? REAL_CLOCK;
  const settings = freshSettings(options.settings);
  const machines = options.machines ?? new MemoryMachines();
  const faults = new Faults();
  const buckets = new Buckets(clock);
  const calls: LoggedCall[] = [];
  const authority: Authority = {};
  const seenRegions = new Set<string>([moto.region]);
  let port = 0;
  const world = worldState({
    clock, settings, machines, moto: proxy, faults, catalogue: openCatalogue(join(moto.folder, 'ec2', 'resources')), endpointPort: () => port,
  });
  const credentials = new Credentials(world, moto.account);
  const ssm = options.ssm?.(ssmSurroundings(world, () => `localhost:${port}`));
  const paths: OpenPaths = new Map();
  const roles = new RoleSessions(proxy, credentials);
  const surroundings: ServiceSurroundings = { endpoint: () => `http://localhost:${port}`, now: () => clock.now(), sleep: clock.sleep, roles, paths };
  const services = openServices(surroundings, proxy);
  const cloudFormation = new CloudFormation(surroundings, settings);
  const log = (call: LoggedCall) => {
    calls.push(call);
    if (call.region) { seenRegions.add(call.region); }
  };
  const started = await startServer({ world, authority, faults, buckets, credentials, ssm, services, cloudFormation, paths, log }, options.port)
    .catch(async (error: unknown) => { await moto.stop(); throw error; });
  port = started.port;
  // Where the host is a number, the first part of it would be taken for a bucket.
  const endpoint = `http://localhost:${port}`;

  const forget = async () => {
    // What runs goes on asking until it has ended.
    await cloudFormation.reset();
    await services.reset();
    world.reset();
    faults.clear();
    buckets.clear();
    credentials.clear();
    calls.length = 0;
    authority.allows = undefined;
    Object.assign(settings, freshSettings(options.settings));
    await ssm?.reset();
  };
  return {
    account: moto.account,
    region: moto.region,
    endpoint,
    calls,
    faults,
    settings,
    authority,
    machines,
    ssm: ssm as Ssm,
    services,
    world,
    environment: { ...moto.environment, AWS_ENDPOINT_URL: endpoint },
    resources: () => leftResources(world, moto, seenRegions),
    reset: async () => {
      await forget();
      await Promise.all([machines.reset(), proxy.send({ method: 'POST', path: '/moto-api/reset', headers: {}, body: '' })]);
    },
    stop: async () => {
      await cloudFormation.reset();
      await services.reset();
      started.server.closeAllConnections();
      started.server.close();
      await forget();
      proxy.close();
      await machines.close();
      await moto.stop();
    },
  };
}

function freshSettings(given: Partial<CloudSettings> | undefined): CloudSettings {
  const durations = { ...DEFAULT_SETTINGS.durations, ...given?.durations };
  return structuredClone({ ...DEFAULT_SETTINGS, credentialSeconds: undefined, ...given, durations });
}

const REAL_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => new Promise((resolve) => {
    if (signal?.aborted) { resolve(); return; }
    const end = () => { clearTimeout(timer); signal?.removeEventListener('abort', end); resolve(); };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  }),
};
