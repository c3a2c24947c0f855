import { systemClock } from '../../../lib/cli/wiring';
import { LockFile } from '../../../lib/engine/lock-file';

/**
 * Takes a lock, says so, and holds it until it is told to give it back; says it, too, where it loses it.
 * Arguments: state folder, key, build ID, milliseconds of its lease (optional).
 */
async function main([stateFolder, key, buildId, lease]: readonly string[]): Promise<void> {
  const times = lease === undefined ? undefined : { leaseMs: Number(lease), renewalMs: Number(lease) / 6 };
  const { lock, waited } = await LockFile.acquire(stateFolder, key, {
    buildId, image: 'Stack/Other', clock: systemClock, signal: new AbortController().signal, onWait: () => console.log('waiting'),
  }, times);
  console.log(waited ? 'taken after a wait' : 'taken');
  void lock.lost.then(async (owner) => console.log(`lost to ${owner?.buildId}, held: ${await lock.confirm()}`));
  process.stdin.once('data', () => void lock.release().then(() => process.exit(0)));
}

void main(process.argv.slice(2));
