import { linesOf, type Probe } from './probe';
import { quote } from '../../plan/shell';

/** Asks the package manager that Goss would choose: by the files of the distribution, then by the programs there are. */
export const packageProbe: Probe = {
  command: ({ resource }) => {
    const name = quote(resource);
    return `manager=
if grep -qs Ubuntu /etc/lsb-release; then manager=dpkg
elif [ -e /etc/redhat-release ] || [ -e /etc/system-release ]; then manager=rpm
elif [ -e /etc/alpine-release ]; then manager=apk
elif [ -e /etc/arch-release ]; then manager=pacman
elif [ -e /etc/debian_version ]; then manager=dpkg
else
  for m in dpkg rpm apk pacman; do ! command -v "$m" >/dev/null || { manager=$m; break; }; done
fi
echo "manager $manager"
case $manager in
dpkg) dpkg-query -f '\${Status} \${Version}\\n' -W -- ${name} ;;
rpm) rpm -q --nosignature --nohdrchk --nodigest --qf '%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n' -- ${name} ;;
apk) apk version -- ${name} ;;
pacman) pacman -Q --color never --noconfirm -- ${name} ;;
*) exit 1 ;;
esac`;
  },

  parse: (output, { resource }) => {
    const [first = '', ...lines] = linesOf(output);
    const versions = output.exitCode === 0 ? versionsOf(first.replace('manager ', ''), lines, resource) : [];
    return {
      installed: { value: versions.length > 0 },
      versions: versions.length > 0 ? { value: versions } : { error: 'Package version not found' },
    };
  },
};

function versionsOf(manager: string, lines: readonly string[], name: string): string[] {
  switch (manager) {
    case 'dpkg': return lines.filter((line) => /^(install|hold) ok installed/.test(line)).map((line) => line.split(' ')[3]);
    case 'apk': return lines.filter((line) => !/^(Installed:|WARNING)/.test(line)).map((line) => line.split(/\s+/)[0].replace(`${name}-`, ''));
    case 'pacman': return lines.map((line) => line.split(/\s+/)[1]);
    default: return [...lines];
  }
}
