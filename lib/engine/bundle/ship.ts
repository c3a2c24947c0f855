import { createHash } from 'crypto';
import { Readable } from 'stream';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import { commandFailed, type Connection } from '../connection';
import type { Bundle, BundleFile, MachineFolders } from './bundle';
import { bundleArchive } from './bundle-archive';
import { compressionFor, isDense } from './compression';
import { TAR_END, tarHeader, tarPadding } from './tar-header';

/** Archives up to this size travel with the command that starts their runner, where commands take input of that size. */
const AT_ONCE = { exec: 1 << 20, ssh: 1 << 20, ssm: 0 } as const;

/** How many files may travel beside their archive. */
const MAX_APART = 4;

/** Extracting some gigabytes may take a while on a slow disk. */
const START_TIMEOUT_MS = 900_000;

/** How the start of a bundle ends that has secrets, on a machine that has no memory to put them in. */
const NO_MEMORY = 78;

/** Brings a bundle to the machine and starts its runner, detached from the connection: in one act where it is small. */
export async function shipBundle(connection: Connection, folders: MachineFolders, bundle: Bundle): Promise<void> {
  const { kind } = connection.communicator;
  const secrets = secretFiles(bundle);
  const apart = await filesApart(AT_ONCE[kind], bundle);
  const archived = without(apart, bundle);
  const compression = await compressionFor(kind, archived);
  const whole = await upTo(AT_ONCE[kind], () => bundleArchive(archived, compression), archived);
  const isPrepared = !whole || apart.length > 0;
  if (isPrepared) { await start(connection, folders, `${prepareCommand(folders, bundle)}\n${demandMemory(secrets)}`, Buffer.alloc(0)); }
  if (!whole) { await connection.upload(() => bundleArchive(archived, compression), `${bundle.payload}.tar`); }
  for (const file of apart) {
    await connection.upload(() => Readable.from(file.content(), { objectMode: false }), pathApart(bundle, file));
  }
  const command = [
    ...(isPrepared ? ['set -e'] : [prepareCommand(folders, bundle), demandMemory(secrets)]),
    startCommand(bundle, compression > 0, { secrets, inline: whole !== undefined, apart }),
  ].join('\n');
  await start(connection, folders, command, Buffer.concat([secrets, whole ?? Buffer.alloc(0)]));
}

async function start(connection: Connection, folders: MachineFolders, command: string, stdin: Buffer): Promise<void> {
  const { exitCode, stderr } = await connection.execute(command, { stdin, timeoutMs: START_TIMEOUT_MS });
  if (exitCode === NO_MEMORY) {
    throw new GoldenError('no-memory-backed-folder', `The machine has no memory-backed ${folders.state}, and secrets must not reach its disk`, {
      hint: 'Mount a tmpfs on /run of the source, or do without secrets on this host.',
    });
  }
  if (exitCode !== 0) { throw commandFailed('start a bundle', exitCode, stderr); }
}

/**
 * Large files, where compressing them is of no use and what is left of the bundle goes with a command: they need not be written
 * twice on the machine.
 */
async function filesApart(limit: number, { instructions }: Bundle): Promise<readonly BundleFile[]> {
  if (limit === 0) { return []; }
  const files = instructions.flatMap((instruction) => instruction.files);
  const dense: BundleFile[] = [];
  let left = 0;
  for (const file of files) {
    if (dense.length < MAX_APART && await isDense(file)) { dense.push(file); } else { left += file.size; }
  }
  return left <= limit ? dense : [];
}

function without(apart: readonly BundleFile[], bundle: Bundle): Bundle {
  return { ...bundle, instructions: bundle.instructions.map((one) => ({ ...one, files: one.files.filter((file) => !apart.includes(file)) })) };
}

function pathApart({ payload }: Bundle, { name }: BundleFile): string {
  return `${payload}.${name}`;
}

/** An archive that is no larger than that. */
async function upTo(limit: number, archive: () => Readable, { instructions }: Bundle): Promise<Buffer | undefined> {
  const raw = instructions.flatMap(({ files }) => files).reduce((sum, { size }) => sum + size, 0);
  if (raw > 16 * limit) { return undefined; }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of archive()) {
    pieces.push(piece as Buffer);
    size += (piece as Buffer).length;
    if (size > limit) { return undefined; }
  }
  return Buffer.concat(pieces);
}

/** Secrets go through stdin, so that no list of processes shows them, and lie in memory from there on. */
function secretFiles(bundle: Bundle): Buffer {
  const files = bundle.instructions.filter(({ secretsScript }) => secretsScript !== undefined).flatMap(({ index, secretsScript }) => {
    const content = Buffer.from(secretsScript!);
    return [tarHeader({ name: Buffer.from(`${index}.secrets`), type: 'file', mode: 0o600, size: content.length }), content, tarPadding(content.length)];
  });
  return files.length > 0 ? Buffer.concat([...files, TAR_END]) : Buffer.alloc(0);
}

function prepareCommand(folders: MachineFolders, bundle: Bundle): string {
  return `set -e
umask 077
mkdir -p ${folders.state} ${folders.payload}
chmod 0711 ${folders.payload}
type=$(stat -f -c %T ${folders.state})
if [ "$type" != tmpfs ] && mount -t tmpfs -o mode=0700 golden ${folders.state} 2>/dev/null; then type=tmpfs; fi
mkdir -p ${bundle.state}`;
}

/** Before a secret was read, let alone written. */
function demandMemory(secrets: Buffer): string {
  return secrets.length > 0 ? `[ "$type" = tmpfs ] || exit ${NO_MEMORY}` : '';
}

interface Arrival {
  readonly secrets: Buffer;
  /** Whether the archive follows the secrets in stdin, and does not lie beside the folder. */
  readonly inline: boolean;
  /** What does lie beside the folder. */
  readonly apart: readonly BundleFile[];
}

/** May run twice, where the connection broke under it; what was started is not started again. */
function startCommand(bundle: Bundle, gzip: boolean, { secrets, inline, apart }: Arrival): string {
  const { payload, state } = bundle;
  const runner = `env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh ${quote(`${payload}/runner.sh`)} ${payload} ${state}`;
  // Processes that a script leaves behind live on, as they do on any machine; only the runner belongs to the unit.
  const unit = `systemd-run --quiet --no-block --unit=golden-${createHash('sha256').update(payload).digest('hex').slice(0, 12)} -p KillMode=process -p IgnoreSIGPIPE=no`;
  return `umask 077
[ ! -e ${state}/records ] || exit 0
${secrets.length > 0 ? `dd bs=512 count=${secrets.length / 512} iflag=fullblock 2>/dev/null | tar -xf - -C ${state}` : ''}
rm -rf ${payload}
mkdir -m 0711 ${payload}
tar ${gzip ? '-xzf' : '-xf'} ${inline ? '-' : `${payload}.tar`} -C ${payload}
${apart.map((file) => `ln -f ${pathApart(bundle, file)} ${payload}/${file.name}`).join('\n')}
: >${state}/records
rm -f ${[...inline ? [] : [`${payload}.tar`], ...apart.map((file) => pathApart(bundle, file))].join(' ')}
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  ${unit} -p OOMPolicy=continue -p TasksMax=infinity ${runner} 2>/dev/null || ${unit} ${runner}
else
  setsid ${runner} >/dev/null 2>&1 </dev/null &
fi`;
}

/** Ends what runs of a build on a machine, and forgets its secrets. */
export function cancelCommand(folders: MachineFolders): string {
  return `for state in ${folders.state}/*/; do : >"$state/cancel"; rm -f "$state"/*.secrets; done`;
}
