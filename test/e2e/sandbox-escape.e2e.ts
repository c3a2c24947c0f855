import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import { quote } from '../../lib/plan/shell';
import type { Communicator } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';
import { hostContext, launchRequest, machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

jest.setTimeout(120_000);
const outputFolder = mkdtempSync(join(tmpdir(), 'golden-sandbox-'));
const home = sandboxHome();
const host = new SandboxHost({ stateFolder: home.folder, outputFolder });
let machine: Machine;
let communicator: Communicator;

beforeAll(async () => {
  const context = hostContext();
  machine = await host.launch(await launchRequest(host, machinePlan(), context), context);
  communicator = execCommunicators.open(machine);
});
afterAll(async () => {
  await machine?.destroy();
  rmSync(outputFolder, { recursive: true, force: true });
  home.remove();
});

/** Runs a command as root of the machine, with mounts of its own, so that the next one finds what this one found. */
async function attempt(command: string) {
  const { exitCode, stdout, stderr } = await communicator.execute(`exec unshare --mount sh -ec ${quote(command)}`);
  return { exitCode, said: (stdout.toString() + stderr.toString()).trim() };
}

// What some of them write is what is there already, so that one that got through would do no harm.
describe('root of a machine cannot, even on purpose,', () => {
  test.each([
    ['mount the devices of the host', 'mount -t devtmpfs none /mnt'],
    ['mount them as root of a user namespace of its own', 'unshare --user --map-root-user --mount mount -t devtmpfs none /mnt'],
    ['make a device', 'mknod /root/disk b 8 0'],
    ['make a device on a file system of its own', 'mount -t tmpfs none /mnt; mknod /mnt/disk b 8 0'],
    ['allow itself devices', 'mount -t cgroup -o devices none /mnt; echo a > /mnt/devices.allow'],
    ['have the host run a program when a cgroup gets empty', 'mount -t cgroup -o name=systemd none /mnt; cat /mnt/release_agent > /mnt/release_agent'],
    ['set up a device of the host', 'mount -t sysfs none /mnt; mount -o remount,rw /mnt || true; file=$(find /mnt/devices -name read_ahead_kb | head -n 1); value=$(cat $file); echo $value > $file'],
    ['set up one through the /sys that is there', 'mount -o remount,bind,rw /sys/devices || true; file=$(find /sys/devices -name read_ahead_kb | head -n 1); value=$(cat $file); echo $value > $file'],
    ['have the host run a program when one crashes', 'mount -t proc none /mnt; value=$(cat /mnt/sys/kernel/core_pattern); echo "$value" > /mnt/sys/kernel/core_pattern'],
    ['do so through the /proc that is there', 'mount -o remount,rw /proc/sys || true; value=$(cat /proc/sys/kernel/core_pattern); echo "$value" > /proc/sys/kernel/core_pattern'],
    ['ask the kernel of the host for anything', 'mount -t proc none /mnt; echo h > /mnt/sysrq-trigger'],
    ['read the memory of the host', 'mount -t proc none /mnt; head -c 1 /mnt/kcore'],
    ['look into the kernel of the host', 'mount -t debugfs none /mnt'],
    ['trace the kernel of the host', 'mount -t tracefs none /mnt'],
  ])('%s', async (_, command) => {
    const { exitCode, said } = await attempt(command);
    expect(said).toMatch(/denied|not permitted|read-only|no such file|nonexistent|unknown filesystem/i);
    expect(exitCode).not.toBe(0);
  });

  test('be a user of the host, or have more than the machine has, by being entered', async () => {
    expect((await attempt('id -u; cut -c 11- /proc/self/uid_map')).said).not.toMatch(/^0\n\s*0 /);
    expect((await attempt('grep CapBnd /proc/self/status')).said).toBe((await attempt('grep CapBnd /proc/1/status')).said);
  });
});

describe('root of a machine can', () => {
  test('mount, own, and give capabilities', async () => {
    expect(await attempt('mount -t tmpfs none /mnt; mkdir /mnt/l /mnt/u /mnt/w /mnt/m; mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w none /mnt/m'))
      .toEqual({ exitCode: 0, said: '' });
    expect(await attempt('echo x > /root/owned; chown 65534:12 /root/owned; stat -c %u:%g /root/owned')).toEqual({ exitCode: 0, said: '65534:12' });
    const listen = 'use Socket; socket S, AF_INET, SOCK_STREAM, 0; print bind(S, pack_sockaddr_in(81, INADDR_ANY)) ? "yes" : "no"';
    const asAdmin = (program: string) => attempt(`cd /; su admin -c ${quote(`${program} -e ${quote(listen)}`)}`);
    await attempt('cp /usr/bin/perl /opt/perl; setcap cap_net_bind_service=ep /opt/perl');
    expect((await asAdmin('/opt/perl')).said).toBe('yes');
    expect((await asAdmin('/usr/bin/perl')).said).toBe('no');
  });

  test('rule its network, which is there again after a restart', async () => {
    expect(await attempt('ip link add one type veth peer name other; ip address add 10.9.9.9/24 dev one; ip link set one up; ip -br address show dev one')).toMatchObject({
      exitCode: 0, said: expect.stringContaining('10.9.9.9/24'),
    });
    await communicator.execute('systemctl reboot').catch(() => undefined);
    await machine.restarted(60_000);
    expect((await attempt('ip -br link show type veth; ip route show default; getent hosts deb.debian.org >/dev/null; echo found')).said)
      .toBe('default via 10.0.2.2 dev tap0 \nfound');
  });
});

test('the host\'s own processes are none of the machine\'s users', async () => {
  const map = (await communicator.execute('cat /proc/self/uid_map')).stdout.toString().trim().split(/\s+/).map(Number);
  expect(map[1]).toBeGreaterThanOrEqual(524_288);
  const owner = Number(/^Uid:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  expect(owner < map[1] || owner >= map[1] + map[2]).toBe(true);
});
