import { mkdirSync, readdirSync, readFileSync, statSync } from 'fs';
import { join } from 'path';
import { output, run } from '../../lib/process';
import { writeAssembly } from '../cli/sample-assembly';
import { putOf, runOf } from '../support/bundle-machine';
import { checksOf, type GoldenRun } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { keysOf, machinePlan } from '../support/machine-plan';
import { OrdinaryUser } from '../support/ordinary-user';
import { slimRootTar } from '../support/slim-base';

/* One image, from its base to its disks, by a user who is not root: in a user namespace, and under QEMU for what needs a booted machine. */

/** A service that says when it was started. */
const BEACON = `[Service]
ExecStart=/bin/sh -c 'cut -d" " -f1 /proc/uptime >/run/beacon; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;

let ada: OrdinaryUser;
let plan: ReturnType<typeof machinePlan>;
let built: GoldenRun;
let folder: string;
let manifest: { readonly [key: string]: any } = {};

const build = () => ada.golden(['build', '--app', writeAssembly(join(ada.folder, 'assembly'), { image: plan }), '--json']);
const last = ({ events }: GoldenRun) => events[events.length - 1];
const said = ({ events }: GoldenRun, index: number) => events.map((e) => (e.type === 'instruction.output' && e.index === index ? e.text : '')).join('');

beforeAll(async () => {
  ada = await OrdinaryUser.create('golden-eve', { withUsers: true });
  mkdirSync(join(ada.folder, 'base'));
  const local = { type: 'rootTar' as const, ...await slimRootTar(join(ada.folder, 'base'), { stops: true }) };
  plan = machinePlan([
    runOf([
      'id -u; cat /proc/1/comm; "sys"temctl start ssh 2>&1 || echo "not started"',
      'install -o 1000 -g 65534 /bin/true /srv/owned; cp /bin/true /srv/capable; setcap cap_net_raw+ep /srv/capable; rm /etc/issue',
      'rm -r /etc/update-motd.d; mkdir /etc/update-motd.d; touch /etc/update-motd.d/new',
    ].join('\n'), { origin: 'Files' }),
    putOf(BEACON, '/etc/systemd/system/beacon.service', { origin: 'Unit' }),
    runOf('systemctl enable beacon.service', { origin: 'Enable' }),
    runOf('systemctl is-active beacon; test -s /run/beacon && echo started at the boot; echo booted >/srv/booted; sysctl -qw vm.swappiness=61 && echo a kernel of its own', { origin: 'After' }),
  ], {
    source: { type: 'local', user: 'admin', ssmAgent: false, local },
    checks: [
      { type: 'file', resource: '/srv/booted', attributes: { exists: true, contents: ['booted'] }, origin: '' },
      { type: 'service', resource: 'beacon', attributes: { enabled: true, running: true }, origin: '' },
      { type: 'process', resource: 'sleep', attributes: { running: true }, origin: '' },
    ],
  });
  built = await build();
  folder = last(built).artifact?.id;
  if (folder) { manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')); }
}, 900_000);
afterAll(async () => {
  await ada?.remove();
});

test('an image is built in a user namespace, and under QEMU from what needs a booted machine on', () => {
  expect(last(built).error).toBeUndefined();
  expect(last(built)).toMatchObject({ type: 'build.finished', status: 'built' });
  expect(built.exitCode).toBe(0);
  expect(said(built, 0)).toContain('0\n');
  expect(said(built, 0)).toContain('not started');
  expect(said(built, 3)).toBe('active\nstarted at the boot\na kernel of its own\n');
  expect(checksOf(built, 'failed')).toEqual([]);
  expect(checksOf(built, 'passed', 'check')).toEqual(expect.arrayContaining(['service beacon: running', 'process sleep: running', 'file /srv/booted: exists']));
});

test('its manifest says how it was built, and it has the keys that root would give it', () => {
  expect(manifest.host).toMatchObject({
    kind: 'sandbox',
    machine: expect.stringMatching(/^user namespace, process \d+$/),
    communicator: 'exec',
    bootedUp: { machine: expect.stringMatching(/^QEMU, process \d+$/), communicator: 'ssh', from: 3, reason: 'instruction 4 (After) calls for systemctl' },
  });
  expect(manifest.instructions.map(({ type, exitCode }: any) => [type, exitCode])).toEqual([['run', 0], ['put', 0], ['run', 0], ['run', 0]]);
  expect(manifest).toMatchObject({ definitionHash: plan.definitionHash, buildKey: keysOf(plan, manifest.source.id).build });
});

test('its files are the user\'s, the owners in them are right, and nothing of the build is in them', async () => {
  expect(readdirSync(folder).sort()).toEqual(['disk.qcow2', 'disk.raw', 'manifest.json', 'root.tar']);
  expect(readdirSync(folder).map((name) => statSync(join(folder, name)).uid)).toEqual([ada.uid, ada.uid, ada.uid, ada.uid]);
  const tar = join(folder, 'root.tar');
  const names = (await output(['tar', '-tf', tar])).split('\n');
  expect(names).not.toContain('./etc/issue');
  expect(names.filter((name) => name.startsWith('./etc/update-motd.d/'))).toEqual(['./etc/update-motd.d/', './etc/update-motd.d/new']);
  expect(names.filter((name) => /golden|host_.*key|var\/lib\/systemd\/random-seed|policy-rc|^\.\/run\/.|^\.\/root\/\.ssh\/./.test(name))).toEqual([]);
  const rows = (await output(['tar', '--numeric-owner', '-tvf', tar, './srv/owned', './srv/capable', './etc/shadow'])).trim().split('\n');
  expect(rows.map((line) => line.split(/\s+/)[1]).sort()).toEqual(['0/0', '0/42', '1000/65534']);
  const revision = await run(['grep', '-qaP', 'SCHILY\\.xattr\\.security\\.capability=\\x01\\x00\\x00\\x02', tar], { env: { LC_ALL: 'C', PATH: process.env.PATH } });
  expect(revision.exitCode).toBe(0);
  const onDisk = (path: string) => output(['debugfs', '-R', `stat ${path}`, `${join(folder, 'disk.raw')}?offset=${34 << 20}`]);
  expect(await onDisk('/srv/owned')).toMatch(/User: +1000 +Group: +65534/);
  expect(await onDisk('/etc/passwd')).toMatch(/User: +0 +Group: +0/);
});

test('nothing of it is left that runs or is mounted, and it is found unchanged', async () => {
  expect(last(built).status).toBe('built');
  expect(ada.processes()).toEqual([]);
  expect(leftovers(ada.home, ada.output)).toEqual([]);
  expect(last(await build())).toMatchObject({ status: 'unchanged' });
});
