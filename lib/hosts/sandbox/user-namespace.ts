import { readFile } from 'fs/promises';
import { userInfo } from 'os';
import { GoldenError } from '../../errors';
import { output, run } from '../../process';

const TRY_MS = 10_000;

/**
 * A namespace in which an ordinary user is root, and in which the users of a machine are those that /etc/subuid hands to that user.
 * What is root's in it belongs to the user outside of it, so that most of it can be read there.
 */
const USER_NAMESPACE = ['--user', '--map-root-user', '--map-auto'];

/** Where users that nobody has begin, as adduser(8) counts them, and how many each gets. */
const FIRST_RANGE = 100_000;
const RANGE = 65_536;

/** Whether the machines of this process are those of the real root. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Options of unshare(1) for what has to have root's rights over files of machines: none, where we are root. */
export function rootFlags(): readonly string[] {
  return isRoot() ? [] : USER_NAMESPACE;
}

/** A command, so that it has root's rights over files of machines. */
export function asRoot(command: readonly string[]): readonly string[] {
  return isRoot() ? command : ['unshare', ...USER_NAMESPACE, '--', ...command];
}

/** Why an ordinary user cannot have machines here, and the one command that changes it, as root. */
export interface NamespaceObstacle {
  readonly code: 'missing-tool' | 'no-subuids' | 'no-user-namespaces';
  readonly message: string;
  readonly command: string;
}

/** What keeps this user from machines; undefined: nothing. It is tried, so what it says is so. */
export async function namespaceObstacle(): Promise<NamespaceObstacle | undefined> {
  for (const tool of ['newuidmap', 'newgidmap']) {
    // It says how it is called, and fails.
    const found = await run([tool], { timeoutMs: TRY_MS }).then(() => true, () => false);
    if (!found) { return { code: 'missing-tool', message: `${tool} is not installed`, command: 'apt-get install uidmap' }; }
  }
  const missing = (await Promise.all(['/etc/subuid', '/etc/subgid'].map(async (file) => ({ file, count: (await rangesIn(file)).mine }))))
    .find(({ count }) => count < RANGE - 1);
  const { username } = userInfo();
  if (missing) {
    const first = Math.max(await firstFree('/etc/subuid'), await firstFree('/etc/subgid'));
    return {
      code: 'no-subuids',
      message: `${username} has no users of its own for machines: ${missing.file} hands it ${missing.count === 0 ? 'none' : `only ${missing.count}`}, and it takes ${RANGE}`,
      command: `usermod --add-subuids ${first}-${first + RANGE - 1} --add-subgids ${first}-${first + RANGE - 1} ${username}`,
    };
  }
  const tried = await run(['unshare', ...USER_NAMESPACE, '--mount', '--pid', '--fork', '--mount-proc', '--', 'sh', '-c', 'mount -t tmpfs tmpfs /proc && id -u'], { timeoutMs: TRY_MS });
  if (tried.exitCode === 0 && tried.stdout.toString().trim() === '0') { return undefined; }
  return {
    code: 'no-user-namespaces',
    message: `The kernel gives ${username} no user namespace: ${tried.stderr.toString().trim().split('\n')[0]}`,
    command: await commandForNamespaces(),
  };
}

/** Errors: `missing-tool`, `no-subuids`, `no-user-namespaces`. */
export async function requireUserNamespace(): Promise<void> {
  const obstacle = await namespaceObstacle();
  if (!obstacle) { return; }
  throw new GoldenError(obstacle.code, `Machines of an ordinary user are made in a user namespace: ${obstacle.message}`, {
    hint: `Let somebody who is root run: ${obstacle.command}\nOr run the command as root. \`golden doctor\` says what else is missing.`,
  });
}

/** The largest range of the current user in such a file. Those that are kept elsewhere, such as in a directory, are asked for. */
async function rangesIn(file: string): Promise<{ readonly mine: number }> {
  const { username, uid } = userInfo();
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const counts = lines.filter(([name]) => name === username || name === String(uid)).map(([,, count]) => Number(count));
  if (counts.length > 0) { return { mine: Math.max(...counts) }; }
  const asked = await output(['getsubids', ...(file.endsWith('gid') ? ['-g'] : []), username], { timeoutMs: TRY_MS }).catch(() => '');
  return { mine: Math.max(0, ...asked.split('\n').map((line) => Number(line.trim().split(/\s+/)[3] ?? 0))) };
}

async function firstFree(file: string): Promise<number> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).map((line) => line.split(':'));
  return Math.max(FIRST_RANGE, ...lines.map(([, first, count]) => Number(first) + Number(count)).filter(Number.isFinite));
}

/** Distributions have ways of their own to turn user namespaces off. */
async function commandForNamespaces(): Promise<string> {
  const settings: readonly (readonly [string, string])[] = [
    ['kernel.unprivileged_userns_clone', '1'], ['kernel.apparmor_restrict_unprivileged_userns', '0'], ['user.max_user_namespaces', '10000'],
  ];
  for (const [name, wanted] of settings) {
    const found = await readFile(`/proc/sys/${name.replace(/\./g, '/')}`, 'utf8').then((value) => value.trim(), () => undefined);
    const isOff = found !== undefined && (name === 'user.max_user_namespaces' ? found === '0' : found !== wanted);
    if (isOff) { return `sysctl -w ${name}=${wanted}`; }
  }
  return 'apt-get install util-linux uidmap   # util-linux 2.38 or newer; a container has to allow its users namespaces';
}
