import { existsSync, readdirSync } from 'fs';
import { join } from 'path';
import { writeAssembly } from '../cli/sample-assembly';
import { runOf } from '../support/bundle-machine';
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
