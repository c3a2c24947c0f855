import { systemClock } from '../../../lib/cli/wiring';
import type { Clock } from '../../../lib/ports/clock';

/** A clock that runs this many times as fast as others. */
export function hurriedClock(speed: number): Clock {
  const begun = Date.now();
  return {
    now: () => begun + (Date.now() - begun) * speed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
  };
}
