import type { Relayed } from './calls/relay';
import type { Catalogue } from './catalogue';
import type { MachineProvider } from './machines/machine-provider';
import type { MotoProxy } from './moto-proxy';
import type { Parameters } from './protocol/query';
import type { Xml } from './protocol/xml';
import type { Image, Instance, KeyPair, Resource, Snapshot, Volume } from './records';
import type { CloudSettings } from './settings';
import type { Clock } from '../../../lib/ports/clock';

/** What one region has of ours. Images and snapshots of all accounts lie together, because they can be shared. */
export interface Region {
  readonly name: string;
  readonly instances: Map<string, Instance>;
  readonly volumes: Map<string, Volume>;
  readonly snapshots: Map<string, Snapshot>;
  readonly images: Map<string, Image>;
  readonly keyPairs: Map<string, KeyPair>;
  /** Answers by account, action and client token. */
  readonly tokens: Map<string, { readonly parameters: string; readonly answer: Promise<Xml> }>;
}

/** Everything that the calls work on. */
export interface World {
  readonly clock: Clock;
  readonly settings: CloudSettings;
  readonly machines: MachineProvider;
  readonly moto: MotoProxy;
  readonly catalogue: Catalogue;
  region(name: string): Region;
  regions(): readonly Region[];
  /** When what moto keeps was made through us, by ID or name: for eventual consistency. */
  readonly births: Map<string, number>;
  /** Whether the next result of this action is to fail after its answer. */
  failsLater(action: string, region: string): boolean;
  /** A loopback address that no instance of this cloud had. */
  newAddress(): string;
  /** Something goes on after its answer, but where answers are to wait for it. */
  begins(what: Promise<unknown>): void;
  /** Runs something later, unless the cloud was reset meanwhile. */
  after(milliseconds: number, act: () => void): void;
  /** Of this server. */
  endpointPort(): number;
  /** Instance types that moto knows. */
  typeOf(name: string): InstanceType | undefined;
}

export interface InstanceType {
  readonly architectures: readonly string[];
}

/** A call of EC2, decoded. */
export interface Call {
  readonly action: string;
  readonly account: string;
  readonly region: Region;
  readonly input: Parameters;
  readonly world: World;
  /** The call as it came, to be asked of moto. */
  readonly body: string;
  readonly authorization: string;
}

export type Answer = { readonly [name: string]: Xml };

/** One action: which parameters it takes (others are an error, so that nothing is ignored in silence), and what it does. */
export interface Action {
  readonly takes: readonly string[];
  readonly handle: (call: Call) => Answer | Relayed | Promise<Answer | Relayed>;
}

/** An action; `takes` are the first parts of parameter names, by spaces. `DryRun` is always one. */
export function action(takes: string, handle: Action['handle']): Action {
  return { takes: [...takes.split(' ').filter((name) => name), 'DryRun', 'Action', 'Version'], handle };
}

/** Whether a caller finds a resource yet. */
export function isVisible(world: World, createdAt: number): boolean {
  return world.clock.now() - createdAt >= world.settings.consistencyMs;
}

export function visible<R extends Resource>(world: World, resource: R | undefined): R | undefined {
  return resource && isVisible(world, resource.createdAt) ? resource : undefined;
}
