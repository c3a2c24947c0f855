import { createHash } from 'crypto';
import { Readable } from 'stream';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { Communicator } from '../../ports/communicator';
import { commandFailed, type Connection } from '../connection';
import type { Bundle, BundleFile, MachineFolders } from './bundle';
import { archiveWithin, bundleArchive } from './bundle-archive';
import { compressionFor, denseFiles } from './compression';
import { TAR_END, tarHeader, tarPadding } from './tar-header';

/**
 * Archives up to this size travel with the command that starts their runner, where commands take input of that size. Larger ones
 * are worth the round trips of a transfer that fills a long way better.
 */
const AT_ONCE = { exec: 1 << 20, ssh: 12 << 20, ssm: 0 } as const;

/** How many files may travel beside their archive, and how much of the archive may be left then. */
const MAX_APART = 4;
const LEFT_BY_APART = 1 << 20;

/** Extracting some gigabytes may take a while on a slow disk. */
const START_TIMEOUT_MS = 900_000;

/** How the start of a bundle ends that has secrets, on a machine that has no memory to put them in. */
const NO_MEMORY = 78;

/** The command that starts a bundle. May run twice, where the connection broke under it: what was started is not started again. */
export interface BundleStart {
  readonly command: string;
  readonly stdin: Buffer;
}

/** What of a bundle can be made before there is a way to its machine. */
export interface BundleLoad {
  readonly secrets: Buffer;
  readonly dense: readonly BundleFile[];
  readonly compression: number;
  /** The secrets, and the archive behind them. Absent: that is too large to go with the command that starts it. */
  readonly whole?: Buffer;
}

/** Makes of a bundle what can be made without its machine. */
export async function prepareBundle(kind: Communicator['kind'], bundle: Bundle): Promise<BundleLoad> {
  const dense = await denseFiles(bundle);
  const compression = compressionFor(kind, bundle, dense);
  const secrets = secretFiles(bundle);
  return { secrets, dense, compression, whole: await archiveUpTo(AT_ONCE[kind], bundle, { dense, compression, before: secrets }) };
}

/** Brings to the machine what is too large to go with the command that starts the bundle: nothing, where the bundle is small. */
export async function loadBundle(
  connection: Connection, folders: MachineFolders, bundle: Bundle, { secrets, dense, compression, whole }: BundleLoad,
): Promise<BundleStart> {
  if (whole) {
    const start = startCommand(bundle, compression > 0, { secrets, inline: true, apart: [] });
    return { command: [prepareCommand(folders, bundle), demandMemory(secrets), start].join('\n'), stdin: whole };
  }
  return loadApart(connection, folders, bundle, { secrets, dense });
}

/** Starts a bundle, and waits until it has begun. Errors: `no-memory-backed-folder`, `machine-command-failed`. */
export async function startBundle(connection: Connection, folders: MachineFolders, { command, stdin }: BundleStart): Promise<void> {
  const { exitCode, stderr } = await connection.execute(command, { stdin, timeoutMs: START_TIMEOUT_MS });
  if (exitCode === NO_MEMORY) {
    throw new GoldenError('no-memory-backed-folder', `The machine has no memory-backed ${folders.state}, and secrets must not reach its disk`, {
      hint: 'Mount a tmpfs on /run of the source, or do without secrets on this host.',
    });
  }
  if (exitCode !== 0) { throw commandFailed('start a bundle', exitCode, stderr); }
}

/** Brings the archive beforehand, or in its place the large files in it. */
async function loadApart(
  connection: Connection, folders: MachineFolders, bundle: Bundle,
  { secrets, dense }: { readonly secrets: Buffer; readonly dense: readonly BundleFile[] },
): Promise<BundleStart> {
  const { kind } = connection.communicator;
  const apart = kind === 'ssm' ? [] : filesApart(bundle, dense);
  const archived = without(apart, bundle);
  const compression = compressionFor(kind, archived, dense);
  const stdin = apart.length > 0 ? await archiveUpTo(LEFT_BY_APART, archived, { dense: [], compression, before: secrets }) : undefined;
  await startBundle(connection, folders, { command: `${prepareCommand(folders, bundle)}\n${demandMemory(secrets)}`, stdin: Buffer.alloc(0) });
  if (!stdin) { await connection.upload(() => bundleArchive(archived, compression), `${bundle.payload}.tar`); }
  for (const file of apart) {
    await connection.upload(() => Readable.from(file.content(), { objectMode: false }), pathApart(bundle, file));
  }
  const command = `set -e\n${startCommand(bundle, compression > 0, { secrets, inline: stdin !== undefined, apart })}`;
  return { command, stdin: stdin ?? secrets };
}

/**
 * Large files, where compressing them is of no use and what is left of the bundle goes with a command: they need not be written
 * twice on the machine.
 */
function filesApart({ instructions }: Bundle, dense: readonly BundleFile[]): readonly BundleFile[] {
  const apart = dense.slice(0, MAX_APART);
  const left = instructions.flatMap(({ files }) => files).filter((file) => !apart.includes(file)).reduce((sum, { size }) => sum + size, 0);
  return left <= LEFT_BY_APART ? apart : [];
}

function without(apart: readonly BundleFile[], bundle: Bundle): Bundle {
  return { ...bundle, instructions: bundle.instructions.map((one) => ({ ...one, files: one.files.filter((file) => !apart.includes(file)) })) };
}

function pathApart({ payload }: Bundle, { name }: BundleFile): string {
  return `${payload}.${name}`;
}

interface ArchiveOptions {
  readonly dense: readonly BundleFile[];
  readonly compression: number;
  readonly before: Buffer;
}

/** The archive of a bundle, behind what comes before it, where that is no larger. */
async function archiveUpTo(limit: number, bundle: Bundle, { dense, compression, before }: ArchiveOptions): Promise<Buffer | undefined> {
  if (compression === 0) { return archiveWithin(limit, bundle, before); }
  const sizeOf = (files: readonly BundleFile[]) => files.reduce((sum, { size }) => sum + size, 0);
  if (sizeOf(dense) > limit || sizeOf(bundle.instructions.flatMap(({ files }) => files)) > Math.max(16 << 20, 2 * limit)) { return undefined; }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of bundleArchive(bundle, compression)) {
    pieces.push(piece as Buffer);
    size += (piece as Buffer).length;
    if (size > limit) { return undefined; }
  }
  return Buffer.concat([before, ...pieces]);
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
