import { constants } from 'fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'fs/promises';
import { tmpdir } from 'os';
import { join } from 'path';
import { PROBE_EXIT_CODE, probeSector } from './probe-sector';
import { GoldenError } from '../../errors';
import { run } from '../../process';

/** A program of 512 bytes ends within half a second; one that hangs never does. */
const PROBE_MS = 3_000;

const KVM: readonly string[] = ['-accel', 'kvm', '-cpu', 'host'];
const EMULATED: readonly string[] = ['-accel', 'tcg,thread=multi', '-cpu', 'max'];

/** How QEMU runs the processor of a machine. */
export interface Acceleration {
  /** Options of QEMU. */
  readonly options: readonly string[];
  readonly isHardware: boolean;
  /** Why, for people. */
  readonly reason: string;
}

let found: Promise<Acceleration> | undefined;

/**
 * Hardware virtualisation where a program was seen to run with it, else an emulated processor. Tried once for each process.
 * GOLDEN_KVM=1 takes it without trying, GOLDEN_KVM=0 does without.
 */
export function acceleration(): Promise<Acceleration> {
  return found ??= chooseAcceleration(process.env.GOLDEN_KVM);
}

/** @param wish `1`: hardware, `0`: none, else what works */
export async function chooseAcceleration(wish: string | undefined): Promise<Acceleration> {
  const emulated = (reason: string): Acceleration => ({ options: EMULATED, isHardware: false, reason: `${reason}: QEMU emulates the processor` });
  const hardware = (reason: string): Acceleration => ({ options: KVM, isHardware: true, reason: `used by QEMU, ${reason}` });
  if (wish === '1') { return hardware('because GOLDEN_KVM=1 is set'); }
  if (wish === '0') { return emulated('GOLDEN_KVM=0 is set'); }
  const refused = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(() => undefined, (error: NodeJS.ErrnoException) => error.code);
  if (refused === 'ENOENT') { return emulated('no /dev/kvm'); }
  if (refused) { return emulated('/dev/kvm is there, and not for this user (let root run: usermod --append --groups kvm USER)'); }
  // Some hypervisors open it all the same, and kernels hang in what they give.
  const isOffered = /^flags\s*:.*\b(?:vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  if (!isOffered) { return emulated('/dev/kvm opens, but the processor does not offer it'); }
  const fault = await probeFault(KVM).catch(({ message }: Error) => message);
  return fault === undefined ? hardware('which a program was seen to run in') : emulated(`/dev/kvm opens, but a program does not run in it (${fault})`);
}

/** Runs a small program on a computer of QEMU's. Returns what went wrong; undefined: it did what it should, in time. */
export async function probeFault(options: readonly string[]): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-kvm-'));
  try {
    const disk = join(folder, 'disk');
    await writeFile(disk, probeSector());
    const { exitCode, stderr } = await run([
      'setpriv', '--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '16', ...options,
      '-device', 'isa-debug-exit,iobase=0x501,iosize=1', '-drive', `if=ide,format=raw,file=${disk}`,
    ], { timeoutMs: PROBE_MS });
    if (exitCode === PROBE_EXIT_CODE) { return undefined; }
    return stderr.toString().trim().split('\n')[0].replace(/^qemu-system-x86_64: /, '') || `exit code ${exitCode}`;
  } catch (error) {
    if (!GoldenError.is(error)) { throw error; }
    return error.code === 'timed-out' ? `it hangs: no answer within ${PROBE_MS / 1000} s` : error.message;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
