import { linesOf, type Probe, type Reading } from './probe';
import { quote } from '../../plan/shell';

/** Asks systemd, OpenRC or the links of System V, whichever the machine has; systemd knows no runlevels. */
export const serviceProbe: Probe = {
  command: ({ resource, attributes }) => {
    // A name with a slash is never a service, and must not become part of a path.
    if (resource.includes('/')) { return 'exit 0'; }
    const name = quote(resource);
    const state = (field: string, command: string) => (field in attributes ? `${command} >/dev/null 2>&1; echo "${field} $?"` : ':');
    const links = (pattern: string) => `n=${name}; for f in ${pattern}; do [ ! -e "$f" ] || echo "link $f"; done`;
    return `if command -v systemctl >/dev/null; then
${state('enabled', `systemctl -q is-enabled -- ${name}`)}
${state('running', `systemctl -q is-active -- ${name}`)}
else
if [ -e /etc/alpine-release ]; then ${links('/etc/runlevels/*/"$n"')}
else ${links('/etc/rc*.d/S[0-9][0-9]"$n"')}; fi
${state('running', `service ${name} status`)}
fi
exit 0`;
  },

  parse: (output) => {
    const lines = linesOf(output).map((line) => line.split(' ', 2));
    const code = (field: string) => lines.find(([name]) => name === field)?.[1];
    const runlevels = lines.filter(([name]) => name === 'link')
      .flatMap(([, path]) => /^\/etc\/rc([0-9]+)\.d\/|^\/etc\/runlevels\/([^/]+)\//.exec(path)?.slice(1).find((level) => level) ?? []);
    const enabled: Reading = { value: code('enabled') === '0' || runlevels.length > 0 };
    return { enabled, running: { value: code('running') === '0' }, runlevels: { value: runlevels } };
  },
};
