import { setMaxListeners } from 'events';
import type { Catalogue } from './catalogue';
import type { Faults } from './faults';
import type { MachineProvider } from './machines/machine-provider';
import type { MotoProxy } from './moto-proxy';
import type { CloudSettings } from './settings';
import type { Region, World } from './world';
import type { Clock } from '../../../lib/ports/clock';

/** What the server is given. */
export interface WorldParts {
  readonly clock: Clock;
  readonly settings: CloudSettings;
  readonly machines: MachineProvider;
  readonly moto: MotoProxy;
  readonly catalogue: Catalogue;
  readonly faults: Faults;
  readonly endpointPort: () => number;
}

/** The state of the cloud, and how to forget it. */
export interface WorldState extends World {
  /** Actions whose result is to fail later, by `action region`. */
  armFailure(action: string, region: string): void;
  /** Waits for what goes on, where answers are to. */
  settled(): Promise<void>;
  reset(): void;
}

export function worldState(parts: WorldParts): WorldState {
  const regions = new Map<string, Region>();
  const births = new Map<string, number>();
  const failures = new Set<string>();
  const going = new Set<Promise<unknown>>();
  let generation = newGeneration();
  // Clouds of several processes share the loopback network.
  let address = (1 + Math.floor(Math.random() * 240)) * 65_536 + Math.floor(Math.random() * 256) * 256;

  return {
    ...parts,
    births,
    region: (name) => {
      const known = regions.get(name);
      if (known) { return known; }
      const region = openRegion(name, parts.catalogue);
      regions.set(name, region);
      return region;
    },
    regions: () => [...regions.values()],
    typeOf: (name) => parts.catalogue.type(name),
    failsLater: (action, region) => failures.delete(`${action} ${region}`),
    armFailure: (action, region) => { failures.add(`${action} ${region}`); },
    newAddress: () => {
      do { address += 1; } while (address % 256 === 0 || address % 256 === 255);
      address %= 250 * 65_536;
      return `127.${Math.floor(address / 65_536) + 1}.${Math.floor(address / 256) % 256}.${address % 256}`;
    },
    begins: (what) => {
      if (!parts.settings.settled) { return; }
      going.add(what);
      const end = () => { going.delete(what); };
      what.then(end, end);
    },
    settled: async () => { await Promise.allSettled([...going]); },
    after: (milliseconds, act) => {
      const { signal } = generation;
      if (milliseconds <= 0) { setImmediate(() => { if (!signal.aborted) { act(); } }); return; }
      parts.clock.sleep(milliseconds, signal).then(() => { if (!signal.aborted) { act(); } }, () => {});
    },
    reset: () => {
      generation.abort();
      generation = newGeneration();
      regions.clear();
      births.clear();
      failures.clear();
    },
  };
}

/** What waits until a reset, however many those are. */
function newGeneration(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function openRegion(name: string, catalogue: Catalogue): Region {
  const region: Region = {
    name, instances: new Map(), volumes: new Map(), snapshots: new Map(), images: new Map(), keyPairs: new Map(), tokens: new Map(),
  };
  for (const { image, snapshot } of catalogue.images(name)) {
    region.images.set(image.id, image);
    if (snapshot) { region.snapshots.set(snapshot.id, snapshot); }
  }
  return region;
}
