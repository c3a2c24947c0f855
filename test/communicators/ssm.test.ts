import { Readable } from 'stream';
import { startRunCommandService, type Mishap, type RunCommandService } from './run-command-service';
import { systemClock } from '../../lib/cli/wiring';
import { ssmCommunicators } from '../../lib/communicators/ssm/ssm-communicators';
import type { Communicator, CommunicatorFactory } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';
import { describeCommunicator } from '../contract/communicator.contract';
import { canStartMachines, ChrootMachine, makeRoot } from '../support/chroot-machine';

const onlyWithMachines = canStartMachines ? describe : describe.skip;

onlyWithMachines('over Run Command', () => {
  describeCommunicator('ssm', false, makeFixture, { terminals: false });

  describe('where calls go wrong', () => {
    let fixture: Fixture;
    let communicator: Communicator;
    let service: RunCommandService;
    beforeAll(async () => {
      fixture = await makeFixture();
      service = fixture.service;
      communicator = fixture.factory.open(fixture.machine);
      await communicator.connect({ timeoutMs: 20_000 });
    });
    beforeEach(() => { service.mishaps.length = 0; });
    afterAll(async () => {
      await communicator.close();
      await fixture.destroy();
    });

    const kinds: Mishap['kind'][] = ['lost', 'ThrottlingException', 'InternalServerError', 'ExpiredTokenException'];
    test.each([
      ...kinds.map((kind) => ['SendCommand', kind] as const), ...kinds.map((kind) => ['GetCommandInvocation', kind] as const),
      ['SendCommand', 'InvalidInstanceId'] as const, ['GetCommandInvocation', 'InvocationDoesNotExist'] as const,
    ])('a command whose %s ends with %s runs exactly once', async (action, kind) => {
      await communicator.execute('rm -f /run/count');
      service.mishaps.push({ action, kind });
      const { stdout } = await communicator.execute('echo x >>/run/count; cat /run/count');
      expect(stdout.toString()).toBe('x\n');
      expect(service.mishaps).toEqual([]);
      expect((await communicator.execute('cat /run/count')).stdout.toString()).toBe('x\n');
    });

    test('a stream whose answers get lost loses and repeats nothing', async () => {
      for (let i = 0; i < 3; i++) { service.mishaps.push({ action: 'SendCommand', kind: 'lost' }, { action: 'GetCommandInvocation', kind: 'lost' }); }
      let text = '';
      const exitCode = await communicator.stream('for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done; seq 100000', (data) => { text += data.toString(); });
      expect(exitCode).toBe(0);
      expect(text).toBe(`${[1, 2, 3, 4, 5, 6, 7, 8].join('\n')}\n${Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('')}`);
    });

    test('who may not send commands is told the action and the statement, at once', async () => {
      service.mishaps.push({ action: 'SendCommand', kind: 'AccessDeniedException' });
      await expect(communicator.execute('true')).rejects.toMatchObject({
        code: 'access-denied',
        message: 'The credentials of this build may not call ssm:SendCommand: as this test wants it',
        hint: 'Add this statement to the policy of who builds: {"Effect":"Allow","Action":"ssm:SendCommand",'
          + '"Resource":["arn:*:ssm:*:*:document/AWS-RunShellScript","arn:*:ec2:*:*:instance/*"]}',
      });
    });

    test('waiting for an instance that never registers ends at the deadline and says what it needs', async () => {
      for (let i = 0; i < 100; i++) { service.mishaps.push({ action: 'SendCommand', kind: 'InvalidInstanceId' }); }
      await expect(communicator.connect({ timeoutMs: 1500 })).rejects.toMatchObject({ code: 'timed-out', hint: expect.stringContaining('needs the SSM agent') });
    });

    test('a machine that goes away is not waited for', async () => {
      const machine: Machine = Object.create(fixture.machine, { lost: { value: Promise.resolve('it was terminated') } });
      for (let i = 0; i < 100; i++) { service.mishaps.push({ action: 'SendCommand', kind: 'InvalidInstanceId' }); }
      await expect(fixture.factory.open(machine).connect({ timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'machine-lost', message: 'it was terminated' });
    });

    test('a wait that is called off ends at once', async () => {
      for (let i = 0; i < 100; i++) { service.mishaps.push({ action: 'SendCommand', kind: 'InvalidInstanceId' }); }
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      await expect(communicator.connect({ timeoutMs: 60_000, signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
    });

    test('a machine that restarted under a command is a lost connection', async () => {
      const restarted = communicator.stream('echo on; sleep 1000', async () => { await communicator.execute('rm -rf /run/golden-ssm'); });
      await expect(restarted).rejects.toMatchObject({ code: 'connection-lost' });
      await communicator.connect({ timeoutMs: 20_000 });
    });

    test('a command that restarts the machine before it has answered does not run on the machine that comes back', async () => {
      await communicator.execute('rm -f /run/restarts');
      service.mishaps.push({ action: 'SendCommand', kind: 'lost' });
      await expect(communicator.execute('echo x >>/run/restarts; rm -rf /run/golden-ssm')).rejects.toMatchObject({ code: 'connection-lost' });
      await communicator.connect({ timeoutMs: 20_000 });
      expect((await communicator.execute('cat /run/restarts')).stdout.toString()).toBe('x\n');
    });

    test('no text that is sent has what is given as input or as a file, and nothing stays staged', async () => {
      await communicator.execute('cat', { stdin: 'hush-4711' });
      await communicator.upload(Readable.from(['hush-4712']), '/run/uploaded');
      expect(service.texts.join('\n')).not.toMatch(/hush-471|aHVzaC00Nz/);
      expect(service.staged()).toEqual([]);
    });

    test('a command is shorter than 8,000 characters, also where it is long itself', async () => {
      const before = service.texts.length;
      const word = 'x'.repeat(50_000);
      expect((await communicator.execute(`printf %s ${word} | wc -c`)).stdout.toString().trim()).toBe('50000');
      const lengths = service.texts.slice(before).map(({ length }) => length);
      expect(Math.max(...lengths)).toBeLessThan(8000);
    });

    test('what commands wrote does not stay in the memory of the machine', async () => {
      await communicator.execute('seq 1000000');
      await communicator.execute('true');
      const { stdout } = await communicator.execute('du -s /run/golden-ssm | cut -f 1');
      expect(Number(stdout)).toBeLessThan(300);
    });

  });
});

type Fixture = Awaited<ReturnType<typeof makeFixture>>;

async function makeFixture() {
  const chroot = await ChrootMachine.start(makeRoot('host'), 'host');
  const service = await startRunCommandService(chroot.access.enter);
  process.env.AWS_ENDPOINT_URL_SSM = service.endpoint;
  const machine: Machine = Object.create(chroot, { access: { value: { user: 'root', instanceId: 'i-0123456789abcdef0' } } });
  const access = { region: 'us-east-2', credentials: async () => ({ accessKeyId: 'test', secretAccessKey: 'test' }) };
  const factory: CommunicatorFactory = ssmCommunicators({ access, staging: service.staging, clock: systemClock });
  return { machine, factory, service, destroy: async () => { await service.stop(); await chroot.destroy(); } };
}
