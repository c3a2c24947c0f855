import type { Connection } from './connection';
import { GoldenError } from '../errors';

const TIMEOUT_SECONDS = 1200;

const LOG_LINES = 10;

/** How cloud-init ends where it did what it could, and something of it failed. */
const DEGRADED = 2;

/** How `timeout` ends where it had to end the command. */
const TIMED_OUT = 124;

/** A condition of the shell: cloud-init has set the machine up, and all of it went well; or it does so soon. */
export const CLOUD_INIT_IS_DONE = '! command -v cloud-init >/dev/null 2>&1 || timeout 3 cloud-init status --wait >/dev/null 2>&1';

const WAIT = `
command -v cloud-init >/dev/null 2>&1 || exit 0
timeout ${TIMEOUT_SECONDS} cloud-init status --wait >/dev/null 2>&1
code=$?
if [ $code != 0 ]; then
  cloud-init status --long 2>&1
  tail -n ${LOG_LINES} /var/log/cloud-init-output.log 2>/dev/null
fi
exit $code
`;

/** Waits until cloud-init has set the machine up. Errors: `cloud-init-failed`. That it ends degraded is a warning. */
export async function awaitCloudInit(connection: Connection): Promise<void> {
  const { exitCode, stdout } = await connection.execute(WAIT, { timeoutMs: (TIMEOUT_SECONDS + 30) * 1000 });
  if (exitCode === 0) { return; }
  const words = stdout.toString().split('\n').map((line) => line.trimEnd()).filter(Boolean).map((line) => `\n  ${line}`).join('');
  if (exitCode === DEGRADED) {
    connection.options.report({ type: 'notice', level: 'warning', message: `cloud-init of the machine ended degraded:${words}` });
    return;
  }
  const how = exitCode === TIMED_OUT ? `did not end within ${TIMEOUT_SECONDS / 60} min` : `failed (exit code ${exitCode})`;
  throw new GoldenError('cloud-init-failed', `cloud-init of the machine ${how}${words && `:${words}`}`, {
    hint: 'Look at its user-data; or build without waiting for cloud-init, where the image does not depend on it.',
  });
}
