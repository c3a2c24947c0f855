import { buildContext } from '../../lib/engine/build-context';
import type { BuildEvent } from '../../lib/ports/events';

test('what a host reports in the middle of a phase is not counted twice', async () => {
  let now = 0;
  const events: BuildEvent[] = [];
  const context = buildContext({
    request: { clock: { now: () => now }, report: (event: BuildEvent) => { events.push(event); } }, signal: new AbortController().signal,
  } as unknown as Parameters<typeof buildContext>[0]);

  await context.phase('launch', async () => {
    now += 48_000;
    context.report({ type: 'phase.finished', phase: 'base', seconds: 48 });
    now += 1_000;
  });

  expect(context.phases).toEqual([{ phase: 'base', seconds: 48 }, { phase: 'launch', seconds: 1 }]);
  expect(events[events.length - 1]).toEqual({ type: 'phase.finished', phase: 'launch', seconds: 1 });
});
