import type { RemoteCommand } from './remote-command';
import { GoldenError } from '../../errors';

export interface Limits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Waits for work with a command; ends the command where the time is up, somebody calls it off, or the work fails. */
export async function supervise<T>(remote: RemoteCommand, limits: Limits, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let abort = () => { /* set below */ };
  const limit = new Promise<never>((_, reject) => {
    abort = () => reject(new GoldenError('interrupted', 'A command on the machine was interrupted', { kind: 'interrupted' }));
    if (limits.timeoutMs !== undefined) {
      timer = setTimeout(() => reject(new GoldenError('timed-out', `A command on the machine took longer than ${limits.timeoutMs! / 1000} s`)), limits.timeoutMs);
    }
  });
  if (limits.signal?.aborted) { abort(); }
  limits.signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(), limit]);
  } catch (error) {
    await remote.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    limits.signal?.removeEventListener('abort', abort);
  }
}
