import { createHash } from 'crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { output } from '../../lib/process';
import { writeAssembly } from '../cli/sample-assembly';
import { runOf } from '../support/bundle-machine';
import { makeRoot } from '../support/chroot-machine';
import type { GoldenRun } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
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

function build(user: OrdinaryUser, plan: ReturnType<typeof machinePlan>, options: Parameters<OrdinaryUser['golden']>[1] = {}): Promise<GoldenRun> {
  return user.golden(['build', '--app', writeAssembly(join(user.folder, 'assembly'), { image: plan }), '--json'], options);
}

const last = ({ events }: GoldenRun) => events[events.length - 1];

describe('a build of an ordinary user', () => {
  test('leaves nothing running or mounted where it is killed, and gc removes the rest', async () => {
    const killed = await build(ada, machinePlan([runOf('echo ready; sleep 300')]), {
      onEvent: ({ type }, kill) => { if (type === 'instruction.output') { kill('SIGKILL'); } },
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

  test('is entered while it runs, and when it has left its machine', async () => {
    const plan = { ...machinePlan([runOf('echo evidence >/srv/word; echo ready; until [ -e /srv/go ]; do sleep 0.1; done')]), image: 'Stack/Left' };
    const app = writeAssembly(join(ada.folder, 'left'), { image: plan });
    let entered: Promise<GoldenRun> | undefined;
    const built = await ada.golden(['build', '--app', app, '--json', '--on-error', 'abort'], {
      onEvent: ({ type }) => { if (type === 'instruction.output') { entered ??= ada.golden(['exec', '--no-publish', 'Stack/Left', '--', 'touch', '/srv/go']); } },
    });
    expect(await entered).toMatchObject({ exitCode: 0, stderr: '' });
    expect(last(built)).toMatchObject({ status: 'failed', error: { code: 'not-published' } });
    expect(await ada.golden(['exec', 'Stack/Left', '--', 'sh', '-c', 'id -u; cat /srv/word'])).toMatchObject({ exitCode: 0, stdout: '0\nevidence\n', stderr: '' });
    expect(await ada.golden(['gc'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('machine') });
    expect(leftovers(ada.home, ada.output)).toEqual([]);
  });

  test('is told by the doctor how images can be built', async () => {
    const { exitCode, stdout } = await ada.golden(['doctor']);
    expect(stdout).toMatch(/^yes {2}machines of an ordinary user {2}in a user namespace/m);
    expect(stdout).toMatch(/Images can be built here\.\n$/);
    expect(exitCode).toBe(0);
  });
});

describe('where the kernel shows no overlays to an ordinary user', () => {
  const env = { GOLDEN_OVERLAY: '0' };
  const first = runOf('head -n 1 /proc/mounts; cat /usr/sbin/policy-rc.d; grep -q nameserver /etc/resolv.conf && echo named; rm /etc/issue; echo own >/srv/owned; chown 1234 /srv/owned', { origin: 'First' });
  let local: { readonly type: 'rootTar'; readonly location: string; readonly sha256: string };
  beforeAll(async () => {
    // A small system, which is copied at once.
    const root = makeRoot('busybox');
    mkdirSync(join(root, 'sys'));
    writeFileSync(join(root, 'etc/issue'), 'to go');
    await output(['chroot', root, '/usr/bin/busybox', '--install', '-s', '/usr/bin']);
    const location = join(ada.folder, 'small.tar');
    await output(['tar', '-C', root, '-cf', location, '.']);
    local = { type: 'rootTar', location, sha256: createHash('sha256').update(readFileSync(location)).digest('hex') };
    rmSync(root, { recursive: true });
  });

  /** Builds until the last instruction has said something; to end it is quicker than to have it booted. */
  const begin = (words: string) => {
    const plan = machinePlan([first, runOf(`${words}; sleep 300`, { origin: 'Last' })], { source: { type: 'local', user: 'root', ssmAgent: false, local } });
    return build(ada, { ...plan, builder: { ...plan.builder, checkpoints: [0] } }, {
      env,
      onEvent: (event, kill) => { if (event.type === 'instruction.output' && event.index === 1) { kill('SIGTERM'); } },
    });
  };
  const said = ({ events }: GoldenRun, index: number) => events.map((e) => (e.type === 'instruction.output' && e.index === index ? e.text : '')).join('');

  test('disks are copied, and layers are whole', async () => {
    const one = await begin('echo');
    expect(last(one)).toMatchObject({ status: 'interrupted' });
    expect(said(one, 0)).toMatch(/^(?!overlay)\S+ \/ .*\n#!\/bin\/sh\nexit 101\nnamed\n$/);
    const [layer] = readdirSync(join(ada.home, 'sandbox', 'layers'));
    const disk = join(ada.home, 'sandbox', 'layers', layer, 'disk');
    expect(JSON.parse(readFileSync(join(disk, '..', 'layer.json'), 'utf8')).lowers).toEqual([]);
    // What is there only while a machine runs is not on its disk.
    const there = (path: string) => existsSync(join(disk, path));
    expect(['etc/passwd', 'srv/owned', 'usr/sbin/policy-rc.d', 'etc/resolv.conf', 'etc/issue'].map(there)).toEqual([true, true, false, false, false]);
    expect(readdirSync(join(disk, 'dev'))).toEqual([]);

    const two = await begin('echo $(stat -c %u /srv/owned; ls /etc)');
    expect(two.events.filter(({ type }) => type === 'instruction.cached').map(({ index }) => index)).toEqual([0]);
    expect(said(two, 1)).toBe('1234 group passwd resolv.conf\n');
    expect(leftovers(ada.home, ada.output)).toEqual([]);
  });

  test('the doctor says so, and that images can be built', async () => {
    const { exitCode, stdout } = await ada.golden(['doctor'], { env });
    expect(stdout).toMatch(/^yes {2}machines of an ordinary user {2}in a user namespace, on copies of their disks, .*\(no overlays here: GOLDEN_OVERLAY=0 is set\); what needs/m);
    expect(exitCode).toBe(0);
  });
});

describe('a user to whom no users were handed', () => {
  const command = /usermod --add-subuids (\d+)-(\d+) --add-subgids \1-\2 golden-bob/;

  test('is told the one command, before anything is built', async () => {
    const refused = await build(bob, machinePlan([runOf('true')]));
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
