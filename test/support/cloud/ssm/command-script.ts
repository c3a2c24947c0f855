import { quote } from '../../../../lib/plan/shell';
import { AGENT_RUNS } from '../machines/system-recipe';

/** Exit code with which the stand-in says that the machine's agent does not run, so that nothing was run. */
export const NO_AGENT = 251;

/** Comes first on stderr, when the agent has taken the command. */
const BEGIN = '\0begin of the command';

/** Comes last on stderr, with the exit code. Where it is missing, the machine went down under the script. */
const END = '\0end of the command: ';

/** Where the agent puts a command on the machine. */
function orchestrationFolder(instanceId: string, commandId: string): string {
  return `/var/lib/amazon/ssm/${instanceId}/document/orchestration/${commandId}/awsrunShellScript/0.awsrunShellScript`;
}

/**
 * What the agent does with a command: it writes the script and its outputs to files that stay, runs it with `sh -c`, and waits
 * until nobody holds its outputs any more.
 */
export function commandScript(instanceId: string, commandId: string, commands: readonly string[], workingFolder: string): string {
  const folder = quote(orchestrationFolder(instanceId, commandId));
  const script = Buffer.from(`${commands.join('\n')}\n`).toString('base64');
  return `[ -e ${AGENT_RUNS} ] || exit ${NO_AGENT}
printf '\\000%s' ${quote(BEGIN.slice(1))} >&2
umask 077
mkdir -p ${folder} && cd ${folder} || exit 1
printf %s ${quote(script)} | base64 -d > _script.sh && chmod 0700 _script.sh
mkfifo .stdout .stderr
tee stdout < .stdout & tee stderr < .stderr >&2 &
umask 022
( ${workingFolder === '' ? '' : `cd ${quote(workingFolder)} && `}exec sh -c ${folder}/_script.sh ) > .stdout 2> .stderr < /dev/null
code=$?
wait
rm -f .stdout .stderr
printf '\\000%s%s' ${quote(END.slice(1))} "$code" >&2
`;
}

/** Whether the agent has taken the command. */
export function hasBegun(stderr: string): boolean {
  return stderr.startsWith(BEGIN);
}

/** The exit code of the script, where it came to its end, and what it wrote to stderr. */
export function readErrors(stderr: string): { readonly exitCode?: number; readonly stderr: string } {
  const own = hasBegun(stderr) ? stderr.slice(BEGIN.length) : '';
  const at = own.lastIndexOf(END);
  return at < 0 ? { stderr: own } : { exitCode: Number(own.slice(at + END.length)), stderr: own.slice(0, at) };
}
