import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { GoldenError } from '../../lib/errors';
import type { Machine } from '../../lib/ports/host';

const gone = { access: { user: 'root', enter: () => Promise.reject(new GoldenError('machine-gone', 'It is not running')) } } as unknown as Machine;

test('waiting for a machine that has gone ends when the build is called off', async () => {
  const build = new AbortController();
  const connecting = execCommunicators.open(gone).connect({ timeoutMs: 60_000, signal: build.signal });
  setTimeout(() => build.abort(), 50);

  await expect(connecting).rejects.toMatchObject({ code: 'interrupted' });
});

test('waiting for a machine that has gone ends at its deadline', async () => {
  await expect(execCommunicators.open(gone).connect({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'timed-out' });
});
