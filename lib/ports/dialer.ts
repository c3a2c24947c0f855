import type { Duplex } from 'stream';

/** Opens one byte stream to a port of a machine, whatever lies between. */
export type Dialer = (port: number, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }) => Promise<Duplex>;
