import { systemClock } from '../../../lib/cli/wiring';
import { LockFile } from '../../../lib/engine/lock-file';

/** Takes a lock, says so, and holds it until it is told to give it back. Arguments: state folder, key, build ID. */
async function main([stateFolder, key, buildId]: readonly string[]): Promise<void> {
  const { lock, waited } = await LockFile.acquire(stateFolder, key, {
    buildId, image: 'Stack/Other', clock: systemClock, signal: new AbortController().signal, onWait: () => console.log('waiting'),
  });
  console.log(waited ? 'taken after a wait' : 'taken');
  process.stdin.once('data', () => void lock.release().then(() => process.exit(0)));
}

void main(process.argv.slice(2));
