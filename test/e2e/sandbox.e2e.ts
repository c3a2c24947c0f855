import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { networkInterfaces, tmpdir } from 'os';
import { join } from 'path';
import { text } from 'stream/consumers';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import type { Communicator } from '../../lib/ports/communicator';
import type { LaunchRequest, Machine } from '../../lib/ports/host';
import { output, run } from '../../lib/process';
import { leftovers } from '../support/leftovers';
import { hostContext, launchRequest, machinePlan, pause } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

jest.setTimeout(300_000);
const outputFolder = mkdtempSync(join(tmpdir(), 'golden-sandbox-'));
const home = sandboxHome();
const host = new SandboxHost({ stateFolder: home.folder, outputFolder });
const machines: Machine[] = [];
afterEach(async () => { await Promise.all(machines.splice(0).map((machine) => machine.destroy())); });
afterAll(() => {
  rmSync(outputFolder, { recursive: true, force: true });
  home.remove();
});

const context = hostContext();

async function launch(from = host, changes: Partial<LaunchRequest> = {}) {
  const machine = await from.launch({ ...await launchRequest(from, machinePlan(), context), ...changes }, context);
  machines.push(machine);
  const communicator = execCommunicators.open(machine);
  return { machine, communicator, sh: shellOf(communicator) };
}

function shellOf(communicator: Communicator) {
  return async (command: string) => {
    const { stdout, stderr } = await communicator.execute(command);
    return (stdout.toString() + stderr.toString()).trim();
  };
}

/** A server of this host, on all its addresses. */
async function serve(): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end('the host'));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

/** PIDs of everything that has a machine's folder in its command line. */
async function processesOf(machine: Machine): Promise<string> {
  return (await run(['pgrep', '-f', machine.id])).stdout.toString().trim();
}

describe('a machine', () => {
  test('boots like one that has its base, without failed units', async () => {
    const { sh } = await launch();
    expect(await sh('systemctl --failed --no-legend --plain')).toBe('');
    expect(await sh('systemctl is-system-running; systemctl is-active ssh systemd-networkd systemd-resolved dbus')).toBe('running\nactive\nactive\nactive\nactive');
  });

  test('is what a cloud image is: a login user who may become root, no identity on its disk', async () => {
    const { sh } = await launch();
    expect(await sh('su - admin -c "sudo -n id -u"; passwd --status admin | cut -d" " -f2; cat /etc/hostname /etc/fstab'))
      .toBe('0\nL\nlocalhost\nLABEL=root / ext4 errors=remount-ro 0 1');
    expect(await sh('ls /etc/ssh/ssh_host_* /usr/sbin/policy-rc.d 2>&1 | grep -vc "No such file"')).toBe('0');
  });

  test('gets packages from inside, and the name service answers', async () => {
    const { sh, communicator } = await launch();
    const { exitCode, stdout } = await communicator.execute('apt-get -o APT::Update::Error-Mode=any update -q && apt-get install -qy --no-install-recommends tree && tree --version');
    expect(stdout.toString()).toContain('tree v');
    expect(exitCode).toBe(0);
    expect(await sh('getent hosts deb.debian.org | wc -l')).not.toBe('0');
  });

  test('hands over streams to its ports, and to nobody else\'s', async () => {
    const { machine } = await launch();
    const { server, port } = await serve();
    const stream = await machine.access.dial!(22, { timeoutMs: 5_000 });
    stream.once('data', () => stream.destroy());
    await expect(text(stream).catch(() => 'destroyed')).resolves.toBe('destroyed');
    await expect(machine.access.dial!(port, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'connection-failed' });
    server.close();
  });

  test('takes keys of a launch in memory: nothing of them is on its disk', async () => {
    // GIVEN
    const keys = mkdtempSync(join(tmpdir(), 'golden-keys-'));
    await output(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(keys, 'host')]);
    await output(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'the user', '-f', join(keys, 'user')]);
    const read = (name: string) => readFileSync(join(keys, name), 'utf8');
    const requirements = { authorizedKey: read('user.pub'), hostKey: { privateKey: read('host'), publicKey: read('host.pub') } };

    // WHEN
    const { machine, sh } = await launch(host, { requirements });

    // THEN it presents that key, and lets the other one in
    const stream = await machine.access.dial!(22, { timeoutMs: 5_000 });
    stream.destroy();
    expect(await sh('ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null')).toContain(requirements.hostKey.publicKey.split(' ')[1]);
    expect(await sh('sshd -T -o "AuthorizedKeysFile /run/golden-host/ssh/%u" >/dev/null 2>&1; cat /run/golden-host/ssh/root')).toBe(requirements.authorizedKey.trim());
    const secret = requirements.hostKey.privateKey.split('\n')[2];
    expect((await run(['grep', '-rlF', secret, join(home.folder, 'sandbox', 'machines')])).stdout.toString()).toBe('');
    expect((await run(['grep', '-alF', secret, ...readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).map((pid) => `/proc/${pid}/cmdline`)])).stdout.toString())
      .not.toContain('/proc');
    rmSync(keys, { recursive: true });
  });
});

describe('out of a machine\'s reach are', () => {
  test('the ports of the host, on its loopback and on its own addresses', async () => {
    const { server, port } = await serve();
    const { sh } = await launch();
    const own = Object.values(networkInterfaces()).flat().filter((a) => a?.family === 'IPv4').map((a) => a!.address);
    for (const address of ['127.0.0.1', '10.0.2.2', ...own]) {
      expect(await sh(`curl -sS --max-time 2 http://${address}:${port}/`)).toMatch(/^curl: /);
    }
    server.close();
  });

  test('sysctls of the host; those of its own network are its own', async () => {
    const before = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
    const { sh } = await launch();
    expect(await sh('sysctl -w vm.swappiness=61')).toContain('permission denied');
    expect(await sh('sysctl -w kernel.panic=61')).toContain('permission denied');
    expect(await sh('sysctl -w net.ipv4.ip_forward=1')).toBe('net.ipv4.ip_forward = 1');
    expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8')).toBe(before);
  });

  test('devices of the host; the tunnel device is one of its own network', async () => {
    const { sh } = await launch();
    expect(await sh('mknod /dev/sdz b 8 0')).toContain('Operation not permitted');
    expect(await sh('find /dev -xdev -type b | wc -l')).toBe('0');
    expect(await sh('cd /dev; find . -xdev -type c ! -path "./pts/*" | sort | tr "\\n" " "')).toBe('./full ./net/tun ./null ./random ./tty ./urandom ./zero');
  });

  test('files, mounts and processes of the host', async () => {
    const marker = join(home.folder, 'marker');
    writeFileSync(marker, 'the host');
    const { sh } = await launch();
    expect(await sh(`cat ${marker}`)).toContain('No such file');
    expect(await sh(`ls /proc/1/root${marker}`)).toContain('No such file');
    expect(await sh('cat /proc/1/comm; tr "\\0" "\\n" < /proc/1/environ | grep -c GOLDEN')).toBe('systemd\n0');
    expect(Number(await sh('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(40);
    rmSync(marker);
  });

  test('the host\'s environment', async () => {
    process.env.A_SECRET_OF_THE_HOST = 'secret';
    const { sh } = await launch();
    expect(await sh('env -u PWD | sort')).toBe('HOME=/root\nLANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
    delete process.env.A_SECRET_OF_THE_HOST;
  });
});

test('with hostLoopback it reaches the loopback of the host, where tests serve what they cannot download', async () => {
  const { server, port } = await serve();
  const { sh } = await launch(new SandboxHost({ stateFolder: home.folder, outputFolder, hostLoopback: true }));
  expect(await sh(`curl -sS --max-time 2 http://10.0.2.2:${port}/`)).toBe('the host');
  server.close();
});

test('machines side by side do not meet', async () => {
  const [one, other] = await Promise.all([launch(), launch()]);
  await one.sh('echo one > /root/mine; systemctl set-property --runtime ssh.service CPUWeight=50');
  expect(await other.sh('ls /root/mine')).toContain('No such file');
  expect(await other.sh('systemctl is-system-running')).toBe('running');
});

describe('nothing is left', () => {
  test.each([
    ['the supervisor', 'unshare'], ['its shell', 'sh'], ['systemd-nspawn', 'systemd-nspawn'],
  ])('when %s is killed: it is noticed, and destroying removes the rest', async (_, program) => {
    const { machine, communicator } = await launch();
    const pids = (await run(['pgrep', '-f', machine.id])).stdout.toString().trim().split('\n').map(Number);
    const victim = pids.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program);

    process.kill(victim!, 'SIGKILL');

    expect(await machine.lost).toContain('ended');
    await expect(communicator.execute('true')).rejects.toMatchObject({ code: 'connection-lost' });
    expect(await processesOf(machine)).toBe('');
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(machine.id);
    await machine.destroy();
    expect(existsSync(join(home.folder, 'sandbox', 'machines', machine.id))).toBe(false);
    expect((await run(['find', '/sys/fs/cgroup', '-maxdepth', '2', '-name', `golden-${machine.id}`])).stdout.toString()).toBe('');
  });

  test('of a machine that is destroyed while it works', async () => {
    const { machine, communicator } = await launch();
    const working = communicator.execute('while :; do echo x >> /root/busy; done');
    working.catch(() => undefined);
    await machine.destroy();
    await expect(working).rejects.toMatchObject({ code: 'connection-lost' });
    expect(leftovers(home.folder, outputFolder)).toEqual([]);
  });

  test('of a launch that is called off', async () => {
    const controller = new AbortController();
    const plan = machinePlan();
    const what = await launchRequest(host, plan, context);
    const launching = host.launch(what, hostContext({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 150);
    await expect(launching).rejects.toMatchObject({ kind: 'interrupted' });
    expect(leftovers(home.folder, outputFolder)).toEqual([]);
  });

  test('of a build whose process was killed, once garbage is collected', async () => {
    // GIVEN a process that launches a machine and a draft, and is killed
    const script = join(__dirname, '..', 'support', 'launch-and-wait.ts');
    let said = '';
    const killed = run(['npx', 'tsx', script, home.folder, outputFolder], {
      timeoutMs: 60_000,
      onStdout: (data) => {
        said += data.toString();
        const pid = /^ready (\d+)$/m.exec(said);
        if (pid) { process.kill(Number(pid[1]), 'SIGKILL'); }
      },
    });
    await killed;
    const id = /^machine (\w+)$/m.exec(said)![1];
    expect(leftovers(home.folder, outputFolder).join('\n')).toContain(`machine: ${id}`);

    // WHEN
    const removed = await host.collectGarbage();

    // THEN
    expect(removed).toContainEqual(expect.stringContaining(id));
    expect(leftovers(home.folder, outputFolder)).toEqual([]);
    expect(await host.collectGarbage()).toEqual([]);
  });
});

describe('a full disk', () => {
  let small: string;
  beforeEach(async () => {
    small = mkdtempSync(join(tmpdir(), 'golden-full-'));
    await output(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
  });
  afterEach(async () => {
    await output(['umount', small]);
    rmSync(small, { recursive: true });
  });

  test('ends a capture with its reason, and without a half-written artifact', async () => {
    const full = new SandboxHost({ stateFolder: home.folder, outputFolder: small });
    const what = await launchRequest(full, machinePlan(), context);
    const machine = await full.launch(what, context);
    machines.push(machine);
    await machine.stop(30_000);
    await expect(full.capture(machine, what, context)).rejects.toMatchObject({ code: 'disk-full', message: expect.stringContaining(small) });
    expect(readdirSync(small).flatMap((image) => readdirSync(join(small, image)))).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(machine.id);
  });

  test('ends a base with its reason, and without half of it', async () => {
    const full = new SandboxHost({ stateFolder: small, outputFolder });
    const tar = join(outputFolder, 'large.tar');
    await output(['tar', '-cf', tar, '/bin/bash', '/usr/bin/perl']);
    const sha256 = (await output(['sha256sum', tar])).split(' ')[0];
    const source = { type: 'local' as const, user: 'root', ssmAgent: false, local: { type: 'rootTar' as const, location: tar, sha256 } };
    const what = await launchRequest(full, machinePlan([], { source }), context);
    await expect(full.launch(what, context)).rejects.toMatchObject({ code: 'disk-full' });
    expect(readdirSync(join(small, 'sandbox', 'bases'))).toEqual([]);
    rmSync(tar);
  });
});

test('a layer holds nothing of the engine\'s own files', async () => {
  const plan = machinePlan([pause(Date.now())]);
  const what = await launchRequest(host, plan, context);
  const { machine, sh } = await launch(host, what);
  await sh('mkdir /var/tmp/golden-12ab34cd; echo payload > /var/tmp/golden-12ab34cd/x; echo mine > /var/tmp/mine');
  await host.checkpoint(machine, what.keys.layers[1], context);
  const again = await launch(host, { ...what, layer: 1 });
  expect(await again.sh('cat /var/tmp/mine; ls -d /var/tmp/golden-*')).toMatch(/^mine\n.*No such file/);
});
