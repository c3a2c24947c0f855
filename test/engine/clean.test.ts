import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { machineFolders } from '../../lib/engine/bundle/bundle';
import { cleanMachine } from '../../lib/engine/clean';
import { BundleMachine, runOf } from '../support/bundle-machine';
import { canStartMachines, hasBusybox, type Userland } from '../support/chroot-machine';

const userlands: Userland[] = hasBusybox ? ['host', 'busybox'] : ['host'];
const OURS = 'ssh-ed25519 AAAAours golden';
const THEIRS = 'ssh-ed25519 AAAAtheirs somebody';

(canStartMachines ? describe : describe.skip).each(userlands)('a machine that is cleaned, with the programs of %s', (userland) => {
  let machine: BundleMachine;
  let cleaned: string[];
  const at = (path: string) => join(machine.root, path);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };

  beforeAll(async () => {
    machine = await BundleMachine.start(userland);
    // GIVEN what builds and boots leave behind, and what users put there
    for (const path of [
      'etc/ssh/ssh_host_ed25519_key', 'etc/ssh/ssh_host_ed25519_key.pub', 'var/lib/dbus/machine-id', 'var/lib/cloud/instances/i-1/x', 'var/lib/cloud/data/x',
      'var/lib/amazon/ssm/Vault/Store/x', 'var/lib/systemd/random-seed', 'var/lib/dhcp/dhclient.eth0.leases', 'var/lib/apt/lists/x', 'var/cache/apt/archives/x.deb',
      'var/cache/apt/pkgcache.bin', 'root/.bash_history', 'home/app/.bash_history', 'var/log/journal/abc/system.journal', 'var/log/syslog.1', 'var/log/dpkg.log.2.gz',
      'tmp/x/y', 'var/tmp/z', 'tmp/.hidden',
    ]) { write(path, 'x'); }
    write('etc/machine-id', '0123456789abcdef\n');
    write('var/log/dpkg.log', 'installed\n');
    // As it is where ours was appended to nothing.
    write('root/.ssh/authorized_keys', `\n${OURS}\n`);
    write('home/app/.ssh/authorized_keys', `${THEIRS}\n${OURS} with another comment\n`);
    write('home/app/.profile', 'kept');
    write('etc/ssh/sshd_config', 'kept');
    write('var/lib/apt/extended_states', 'kept');
    symlinkSync('/srv', at('tmp/link'));
    write('srv/kept', 'kept');
    await machine.run([runOf('true')]);
    // WHEN
    Object.assign(machine.machine.access, { user: 'app' });
    Object.assign(machine.machine, { leave: 'echo "what the host had put there"\n' });
    cleaned = await cleanMachine(machine.connection, machineFolders('test'), OURS);
  });
  afterAll(() => machine.destroy());

  test('has no keys, identities, leases, histories, caches and rotated logs any more', () => {
    for (const path of [
      'etc/ssh/ssh_host_ed25519_key', 'etc/ssh/ssh_host_ed25519_key.pub', 'var/lib/dbus/machine-id', 'var/lib/cloud/instances', 'var/lib/cloud/data',
      'var/lib/amazon/ssm/Vault', 'var/lib/systemd/random-seed', 'var/lib/dhcp/dhclient.eth0.leases', 'var/lib/apt/lists/x', 'var/cache/apt/archives/x.deb',
      'var/cache/apt/pkgcache.bin', 'root/.bash_history', 'home/app/.bash_history', 'var/log/journal/abc', 'var/log/syslog.1', 'var/log/dpkg.log.2.gz',
    ]) { expect([path, existsSync(at(path))]).toEqual([path, false]); }
  });

  test('has an empty machine-id and empty logs, so that the first boot and services fill them', () => {
    expect(lstatSync(at('etc/machine-id')).size).toBe(0);
    expect(lstatSync(at('var/log/dpkg.log')).size).toBe(0);
  });

  test('has nothing in its temporary folders, and nothing of ours', async () => {
    expect(readdirSync(at('tmp'))).toEqual([]);
    expect(readdirSync(at('var/tmp'))).toEqual([]);
    expect(await machine.execute('ls /run')).not.toContain('golden');
  });

  test('keeps what users put there, keys of theirs included', () => {
    expect(existsSync(at('root/.ssh/authorized_keys'))).toBe(false);
    expect(readFileSync(at('home/app/.ssh/authorized_keys'), 'utf8')).toBe(`${THEIRS}\n`);
    for (const path of ['home/app/.profile', 'etc/ssh/sshd_config', 'var/lib/apt/extended_states', 'srv/kept']) {
      expect(readFileSync(at(path), 'utf8')).toBe('kept');
    }
  });

  test('tells each thing that was removed', () => {
    // Whether sshd is there depends on the programs.
    expect(cleaned.filter((line) => !line.includes('new ones are made'))).toEqual([
      'what the host had put there', 'authorized key of this build for root', 'authorized key of this build for app', 'SSH host keys', 'machine-id', 'machine-id of D-Bus', 'state of cloud-init',
      'registration of the SSM agent', 'random seed', 'DHCP leases', 'package lists', 'package caches', 'shell histories', 'journal', 'rotated logs',
      'logs: 1 emptied', expect.stringMatching(/^\/tmp: 4 entries$/), expect.stringMatching(/^\/var\/tmp: \d+ entries$/),
    ]);
  });
});
