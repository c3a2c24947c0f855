import { linesOf, type Probe } from './probe';

/** Programs that a probe itself is made of. */
const OWN = ['sh', 'dash', 'bash', 'ash', 'busybox', 'timeout', 'cat', 'setsid'];

interface Process {
  readonly pid: string;
  readonly parent: string;
  readonly name: string;
}

/** A process by the name that the kernel has of it: 15 characters at the most. What the probe itself consists of does not count. */
export const processProbe: Probe = {
  command: () => 'echo "self $$"; cat /proc/[0-9]*/stat 2>/dev/null; exit 0',

  parse: (output, { resource }) => {
    const [self = '', ...lines] = linesOf(output);
    const processes = lines.flatMap((line): Process[] => {
      const [, pid, name, parent] = /^(\d+) \(([^)]*)\)+ . (\d+) /.exec(line) ?? [];
      return pid ? [{ pid, name, parent }] : [];
    });
    const own = ownProcesses(processes, self.replace('self ', ''));
    return { running: { value: processes.some(({ pid, name }) => name === resource && !own.has(pid)) } };
  },
};

/** The probe's shell, its children, and the chain of shells it was started by: not further, where the machine's own services begin. */
function ownProcesses(processes: readonly Process[], self: string): Set<string> {
  const own = new Set<string>();
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  for (let each = byPid.get(self); each && OWN.includes(each.name); each = byPid.get(each.parent)) { own.add(each.pid); }
  processes.filter(({ parent, name }) => parent === self && OWN.includes(name)).forEach(({ pid }) => own.add(pid));
  return own;
}
