import { createHash } from 'crypto';
import { PassThrough, Transform, type Readable } from 'stream';
import { pipeline } from 'stream/promises';
import type { TaskMachine } from './task';
import { STAGING_HINT } from './task-answer';
import { SEND_TEXT } from './task-script';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';

/** A slow network, in bytes per second. */
const SLOWEST = 500_000;
const SECONDS = 60;

/** Has the machine send a large file as it is, with one PUT. The stream ends with an error where what comes is not what was sent. */
export async function sendFile({ runCommand, staging }: TaskMachine, path: string, bytes: number): Promise<Readable> {
  const place = await staging.expect();
  try {
    const text = `exec 2>&1\nfile=${quote(path)}\nput=${quote(place.url)}\n${SEND_TEXT}`;
    const said = await runCommand.run(text, { seconds: SECONDS + bytes / SLOWEST });
    const [, size, digest] = /^(\d+) ([0-9a-f]{64})$/m.exec(said) ?? [];
    if (!digest) { throw downloadFailed(path, said.trim()); }
    const content = new PassThrough();
    void pipeline(await place.read(), verified(path, Number(size), digest), content)
      .catch((error: Error) => content.destroy(error))
      .finally(() => place.remove().catch(() => undefined));
    return content;
  } catch (error) {
    await place.remove().catch(() => undefined);
    throw error;
  }
}

function verified(path: string, size: number, digest: string): Transform {
  const hash = createHash('sha256');
  let received = 0;
  return new Transform({
    transform: (data: Buffer, _encoding, done) => {
      hash.update(data);
      received += data.length;
      done(null, data);
    },
    flush: (done) => {
      const whole = received === size && hash.digest('hex') === digest;
      done(whole ? null : downloadFailed(path, 'it changed meanwhile'));
    },
  });
}

export function downloadFailed(path: string, reason: string): GoldenError {
  return new GoldenError('download-failed', `${path} could not be read on the machine: ${reason || 'no reason given'}`, {
    hint: reason.startsWith('curl:') ? STAGING_HINT : undefined,
  });
}
