import { clockHint } from '../errors';
import type { BuildRequest } from './build-request';
import type { Instruction } from '../plan/instructions';

/** As much of a failure as says what to do about it. */
export interface FailedRun {
  readonly exitCode: number;
  /** The last lines that it wrote. */
  readonly lastLines: readonly string[];
}

/** How curl, wget, apt and others say that they reached nobody. */
const UNREACHED = new RegExp([
  'curl: \\((?:5|6|7|28)\\)', 'Could not resolve', 'Temporary failure (?:in name resolution|resolving)', 'unable to resolve host', 'Could not connect',
  'Unable to connect', 'Network is unreachable', 'No route to host', 'Connection (?:refused|timed out)',
].join('|'), 'i');

/** How they say that something is of another time than the clock's. */
const OTHER_TIME = /certificate (?:is not yet valid|is not yet activated|has expired)|(?:Release file|repository) .*(?:is not valid yet|is expired)|Release file .* expired|EXPKEYSIG/i;

/** wget says nothing where it is quiet, but ends so where the network fails. */
const WGET_NETWORK = 4;

/** What to do about an instruction that failed because of what is around it. Undefined: it is its own fault, as far as can be told. */
export function failureHint({ host, stateFolder }: BuildRequest, instruction: Instruction, { exitCode, lastLines }: FailedRun): string | undefined {
  const isLocal = instruction.type === 'local';
  const ofComputer = host.kind === 'sandbox' || isLocal;
  const said = lastLines.join('\n');
  const run = instruction.type === 'run' ? instruction : undefined;
  const url = run?.arguments.find((word) => /^https?:\/\//.test(word));
  if (/No space left on device|Disk quota exceeded/.test(said)) { return isLocal ? undefined : fullDiskHint(ofComputer ? stateFolder : undefined); }
  if (OTHER_TIME.test(said)) {
    const clock = ofComputer ? clockHint(isLocal ? '' : ', which is that of its machines,')
      : 'Look at the clock of the machine (timedatectl): where that is wrong, set it (timedatectl set-ntp true)';
    return `${clock}; else ${url ?? 'what it asks'} is out of date.`;
  }
  if (!UNREACHED.test(said) && !(url && exitCode === WGET_NETWORK && said === '')) { return undefined; }
  const tries = run && run.attempts > 1 ? `, which was tried ${run.attempts} times` : '';
  return `${isLocal ? 'This computer' : 'The machine'} does not reach ${url ?? 'what it asks'}${tries}: ${ofComputer
    ? 'look at the network of this computer, its resolver (/etc/resolv.conf) and its proxy'
    : 'look at the route of its subnet (an internet gateway and a public address, a NAT gateway, or an endpoint), its security group, its resolver and its proxy'
  }${url ? '; or bring the file along with Provisioner.file()' : ''}.`;
}

/**
 * What to do about a machine whose disk is full.
 * @param stateFolder where machines of this computer have their disks; undefined: a machine has one of its own
 */
export function fullDiskHint(stateFolder: string | undefined): string {
  return stateFolder === undefined ? 'The disk of the machine is full: give the image a larger rootVolumeSize.'
    : `The disk of the machine is that of ${stateFolder}: free some space there, or set GOLDEN_HOME to a folder on a larger disk.`
      + ' Where it went on under QEMU, it is as large as the image: give that a larger rootVolumeSize.';
}
