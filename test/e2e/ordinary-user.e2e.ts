import { existsSync, readdirSync, readFileSync, statSync } from 'fs';
import { join } from 'path';
import type { Check } from '../../lib/plan/checks';
import type { Instruction } from '../../lib/plan/instructions';
import { output, run } from '../../lib/process';
import { writeAssembly } from '../cli/sample-assembly';
import { putOf, runOf } from '../support/bundle-machine';
import { checksOf, type GoldenRun } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { keysOf, machinePlan } from '../support/machine-plan';
import { OrdinaryUser } from '../support/ordinary-user';

jest.setTimeout(900_000);
let ada: OrdinaryUser;
let bob: OrdinaryUser;
beforeAll(async () => {
  ada = await OrdinaryUser.create('golden-ada', { withUsers: true });
  bob = await OrdinaryUser.create('golden-bob', { withUsers: false });
  await ada.shareBase();
});
afterAll(async () => {
  await ada?.remove();
  await bob?.remove();
});

/** A service that says when it was started. */
const BEACON = `[Service]
ExecStart=/bin/sh -c 'cut -d" " -f1 /proc/uptime >/run/beacon; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;
const reboot: Instruction = { type: 'reboot', timeoutSeconds: 600, origin: 'Reboot' };

function planOf(instructions: readonly Instruction[], checks: readonly Check[] = []) {
  return machinePlan(instructions, { checks });
}

function build(user: OrdinaryUser, plan: ReturnType<typeof planOf>, options: Parameters<OrdinaryUser['golden']>[1] = {}): Promise<GoldenRun> {
  return user.golden(['build', '--app', writeAssembly(join(user.folder, 'assembly'), { image: plan }), '--json'], options);
}

const last = ({ events }: GoldenRun) => events[events.length - 1];
const said = ({ events }: GoldenRun, index: number) => events.map((e) => (e.type === 'instruction.output' && e.index === index ? e.text : '')).join('');

describe('an ordinary user', () => {
  const plan = planOf([
    runOf([
      'id -u; cat /proc/1/comm; systemctl start ssh 2>&1 || echo "not started"',
      'install -o 1000 -g 65534 /bin/true /srv/owned; cp /bin/true /srv/capable; setcap cap_net_raw+ep /srv/capable; rm /etc/issue',
      'rm -r /etc/update-motd.d; mkdir /etc/update-motd.d; touch /etc/update-motd.d/new',
    ].join('\n').replace('systemctl', '"sys"temctl'), { origin: 'Files' }),
    putOf(BEACON, '/etc/systemd/system/beacon.service', { origin: 'Unit' }),
    runOf('systemctl enable beacon.service', { origin: 'Enable' }),
    reboot,
    runOf('systemctl is-active beacon; test -s /run/beacon && echo started at the boot; echo booted >/srv/booted; sysctl -qw vm.swappiness=61 && echo a kernel of its own', { origin: 'After' }),
  ], [
    { type: 'file', resource: '/srv/booted', attributes: { exists: true, contents: ['booted'] }, origin: '' },
    { type: 'service', resource: 'beacon', attributes: { enabled: true, running: true }, origin: '' },
    { type: 'process', resource: 'sleep', attributes: { running: true }, origin: '' },
  ]);
  let built: GoldenRun;
  let folder: string;
  let manifest: { readonly [key: string]: any };
  beforeAll(async () => {
    built = await build(ada, plan);
    folder = last(built).artifact?.id;
    manifest = folder ? JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) : {};
  });

  test('builds an image: in a user namespace, and under QEMU from what needs a booted machine on', () => {
    expect(last(built)).toMatchObject({ type: 'build.finished', status: 'built' });
    expect(built.exitCode).toBe(0);
    expect(said(built, 0)).toContain('0\n');
    expect(said(built, 0)).toContain('not started');
    expect(said(built, 4)).toBe('active\nstarted at the boot\na kernel of its own\n');
    expect(checksOf(built, 'failed')).toEqual([]);
    expect(checksOf(built, 'passed', 'check')).toEqual(expect.arrayContaining(['service beacon: running', 'process sleep: running', 'file /srv/booted: exists']));
  });

  test('has in the manifest how it was built, and the keys that root would have', () => {
    expect(manifest.host).toMatchObject({
      kind: 'sandbox',
      machine: expect.stringMatching(/^user namespace, process \d+$/),
      communicator: 'exec',
      bootedUp: { machine: expect.stringMatching(/^QEMU, process \d+$/), communicator: 'ssh', from: 3, reason: 'instruction 4 (Reboot) restarts the machine' },
    });
    expect(manifest.instructions.map(({ type, exitCode }: any) => [type, exitCode])).toEqual([['run', 0], ['put', 0], ['run', 0], ['reboot', 0], ['run', 0]]);
    expect(manifest).toMatchObject({ definitionHash: plan.definitionHash, buildKey: keysOf(plan, manifest.source.id).build });
  });

  test('owns files of whose content the owners are right, and nothing of the build is in them', async () => {
    expect(readdirSync(folder).sort()).toEqual(['disk.qcow2', 'disk.raw', 'manifest.json', 'root.tar']);
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).uid)).toEqual([ada.uid, ada.uid, ada.uid, ada.uid]);
    const tar = join(folder, 'root.tar');
    const names = (await output(['tar', '-tf', tar])).split('\n');
    expect(names).not.toContain('./etc/issue');
    expect(names.filter((name) => name.startsWith('./etc/update-motd.d/'))).toEqual(['./etc/update-motd.d/', './etc/update-motd.d/new']);
    expect(names.filter((name) => /golden|host_.*key|random-seed|policy-rc|^\.\/run\/.|^\.\/root\/\.ssh/.test(name))).toEqual([]);
    const rows = (await output(['tar', '--numeric-owner', '-tvf', tar, './srv/owned', './srv/capable', './etc/shadow'])).trim().split('\n');
    expect(rows.map((line) => line.split(/\s+/)[1]).sort()).toEqual(['0/0', '0/42', '1000/65534']);
    const revision = await run(['grep', '-qaP', 'SCHILY\\.xattr\\.security\\.capability=\\x01\\x00\\x00\\x02', tar], { env: { LC_ALL: 'C', PATH: process.env.PATH } });
    expect(revision.exitCode).toBe(0);
    const onDisk = (path: string) => output(['debugfs', '-R', `stat ${path}`, `${join(folder, 'disk.raw')}?offset=${34 << 20}`]);
    expect(await onDisk('/srv/owned')).toMatch(/User: +1000 +Group: +65534/);
    expect(await onDisk('/etc/passwd')).toMatch(/User: +0 +Group: +0/);
  });

  test('has nothing left that runs or is mounted, and finds the image unchanged', async () => {
    expect(ada.processes()).toEqual([]);
    expect(leftovers(ada.home, ada.output)).toEqual([]);
    expect(last(await build(ada, plan))).toMatchObject({ status: 'unchanged' });
  });

  test.each([
    ['while an instruction runs in the namespace', planOf([runOf('echo ready; sleep 300')]), 'instruction.output'],
    ['while its machine boots under QEMU', planOf([reboot, runOf('true')]), 'QEMU'],
  ])('leaves nothing running or mounted where the build is killed %s, and gc removes the rest', async (_, slow, when) => {
    const killed = await build(ada, slow, {
      onEvent: ({ type, detail }, kill) => { if (type === when || (type === 'phase.started' && String(detail).startsWith(when))) { kill('SIGKILL'); } },
    });
    expect(killed.exitCode).toBeNull();
    // The kernel takes a moment to end them all.
    for (let tries = 0; tries < 100 && ada.processes().length > 0; tries++) { await new Promise((resolve) => setTimeout(resolve, 100)); }
    expect(ada.processes()).toEqual([]);
    expect(leftovers(ada.home, ada.output).filter((line) => !/^(machine|lock): /.test(line))).toEqual([]);

    const gc = await ada.golden(['gc']);
    expect([gc.exitCode, gc.stderr]).toEqual([0, '']);
    expect(readdirSync(join(ada.home, 'sandbox', 'machines'))).toEqual([]);
  });

  test('is told by the doctor how images can be built', async () => {
    const { exitCode, stdout } = await ada.golden(['doctor', '--json'], { env: { AWS_EC2_METADATA_DISABLED: 'true' } });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout.replace(/^[^{]*/, ''))).toMatchObject({ ways: ['user-namespaces'] });
  });
});

describe('a user to whom no users were handed', () => {
  const command = /usermod --add-subuids (\d+)-(\d+) --add-subgids \1-\2 golden-bob/;

  test('is told the one command, before anything is built', async () => {
    const refused = await build(bob, planOf([runOf('true')]));
    expect(last(refused)).toMatchObject({ status: 'failed', error: { code: 'no-subuids', kind: 'environment', hint: expect.stringMatching(command) } });
    expect(refused.exitCode).toBe(4);
    expect(existsSync(join(bob.home, 'sandbox', 'bases'))).toBe(false);
  });

  test('is told it by the doctor, too', async () => {
    const { exitCode, stdout } = await bob.golden(['doctor']);
    expect(stdout).toMatch(command);
    expect(exitCode).toBe(4);
  });
});
