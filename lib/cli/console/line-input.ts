import type { ProcessStreams } from './process-streams';
import { GoldenError } from '../../errors';

/** Reads one line. Undefined: the input has ended. What was typed ahead stays for the next. Throws `interrupted` where the signal ends the wait. */
export function readLine(stdin: ProcessStreams['stdin'], signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const settle = (act: () => void) => {
      stdin.off('data', take).off('end', end).off('close', end);
      signal.removeEventListener('abort', abort);
      stdin.pause();
      act();
    };
    const take = (data: Buffer | string) => {
      typed += data.toString();
      const at = typed.indexOf('\n');
      if (at < 0) { return; }
      settle(() => {
        if (at + 1 < typed.length) { stdin.unshift(Buffer.from(typed.slice(at + 1))); }
        resolve(typed.slice(0, at).trim());
      });
    };
    const end = () => settle(() => resolve(undefined));
    const abort = () => settle(() => reject(new GoldenError('interrupted', 'Interrupted at a prompt', { kind: 'interrupted' })));
    if (signal.aborted) { abort(); return; }
    if (stdin.readableEnded || stdin.destroyed) { end(); return; }
    stdin.on('data', take).once('end', end).once('close', end);
    signal.addEventListener('abort', abort, { once: true });
    // Who paused it last was somebody before.
    stdin.resume();
  });
}
