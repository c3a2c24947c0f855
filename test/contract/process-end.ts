import type { Communicator } from '../../lib/ports/communicator';

/** A process that was ended may need a moment until its parent has noticed. */
export async function expectGone(communicator: Communicator, pid: string): Promise<void> {
  expect(pid).toMatch(/^\d+$/);
  const gone = `i=0; while kill -0 ${pid} 2>/dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; ! kill -0 ${pid} 2>/dev/null`;
  expect((await communicator.execute(gone)).exitCode).toBe(0);
}
