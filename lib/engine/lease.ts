import type { Connection } from './connection';

/** Renews the lease of a machine in the background, where it has one. Returns what ends that, once no renewal is under way. */
export function renewLease({ machine: { lease }, communicator, options: { clock } }: Connection): () => Promise<void> {
  if (!lease) { return async () => { /* it has none */ }; }
  const ended = new AbortController();
  const { signal } = ended;
  const renewing = (async () => {
    while (!signal.aborted) {
      await clock.sleep(lease.renewEveryMs, signal).catch(() => undefined);
      if (signal.aborted) { return; }
      // A lease outlasts several renewals: where the machine is out of reach for one, the next one comes in time.
      await communicator.execute(lease.renew, { signal }).catch(() => undefined);
    }
  })();
  return async () => {
    ended.abort();
    await renewing;
  };
}
