import { setTimeout as sleep } from 'timers/promises';
import { startSessionService, type SessionService } from './session-service';
import { systemClock } from '../../lib/cli/wiring';
import { MarkedOutput } from '../../lib/communicators/ssm/marked-output';
import { startInTerminal } from '../../lib/communicators/ssm/session-terminal';
import { SsmApi } from '../../lib/communicators/ssm/ssm-api';
import type { Attachment } from '../../lib/ports/attachment';
import { canStartMachines } from '../support/chroot-machine';

const INSTANCE = 'i-0123456789abcdef0';
const access = { region: 'us-east-2', credentials: async () => ({ accessKeyId: 'test', secretAccessKey: 'test' }) };
const onlyAsRoot = canStartMachines ? describe : describe.skip;

let service: SessionService;
let api: SsmApi;
beforeAll(async () => {
  service = await startSessionService(INSTANCE);
  api = new SsmApi(access);
});
beforeEach(() => {
  Object.assign(service.ssm.settings, { loss: 0, disorder: 0, kmsKey: '' });
  service.calls.length = 0;
});
afterEach(() => { expect(service.ssm.violations).toEqual([]); });
afterAll(async () => {
  // The last answer is on its way.
  await sleep(100);
  api.close();
  await service.stop();
});

function begin(command: string): Promise<Attachment> {
  return startInTerminal({ api, access, instanceId: INSTANCE, clock: systemClock }, command, { columns: 90, rows: 20, type: 'vt100' });
}

/** Reads what is shown, as it comes. */
function shownBy({ stdout }: Attachment): () => string {
  let shown = '';
  stdout.on('data', (data: Buffer) => { shown += data.toString(); });
  return () => shown;
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition();) {
    if (Date.now() > deadline) { throw new Error('It did not come to that'); }
    await sleep(10);
  }
}

onlyAsRoot('a command in a terminal through Session Manager', () => {
  test('shows all that it writes and nothing else, and ends with its exit code, over a way that loses and turns round a tenth', async () => {
    Object.assign(service.ssm.settings, { loss: 0.1, disorder: 0.1 });
    const attachment = await begin('stty size; echo $TERM; id -u; seq 1 3000; exit 7');
    const shown = shownBy(attachment);
    expect(await attachment.ended).toBe(7);
    expect(shown()).toBe(['20 90', 'vt100', '0', ...Array.from({ length: 3000 }, (_, i) => i + 1)].map((line) => `${line}\r\n`).join(''));
    expect(service.calls).toEqual(['StartSession', 'TerminateSession']);
  });

  test('takes what is typed, other sizes, and Ctrl-C', async () => {
    const attachment = await begin('trap "echo caught; exit 3" INT; read -r line; echo "got $line"; until [ "$(stty size)" = "40 100" ]; do sleep 0.05; done; echo resized; while :; do sleep 0.1; done');
    const shown = shownBy(attachment);
    attachment.stdin.write('typed\n');
    await until(() => shown().includes('got typed'));
    attachment.resize({ columns: 100, rows: 40 });
    await until(() => shown().includes('resized'));
    attachment.stdin.write('\x03');
    expect(await attachment.ended).toBe(3);
    expect(shown()).toMatch(/caught\r\n$/);
  });

  test('is ended with its session', async () => {
    const attachment = await begin('echo on; sleep 1000');
    const shown = shownBy(attachment);
    await until(() => shown().includes('on'));
    await attachment.end();
    expect(service.calls).toEqual(['StartSession', 'TerminateSession']);
    await expect(attachment.ended).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('says so where its session breaks', async () => {
    const attachment = await begin('echo on; sleep 1000');
    attachment.stdout.resume();
    service.ssm.dropSessions();
    await expect(attachment.ended).rejects.toMatchObject({ code: 'connection-lost', message: 'The session with the machine has ended before the command' });
  });

  test('is refused where the account has sessions encrypted, with what to do', async () => {
    service.ssm.settings.kmsKey = 'arn:aws:kms:us-east-2:123456789012:key/sessions';
    await expect(begin('true')).rejects.toMatchObject({ code: 'session-encrypted', hint: expect.stringContaining('golden exec') });
    await until(() => service.calls.includes('TerminateSession'));
  });
});

test('what a command wrote is found between its marks, however it is cut to pieces', () => {
  const said = 'sudo: hello M(all M of it MM)12.';
  for (const size of [1, 2, 3, 5, said.length]) {
    const output = new MarkedOutput('M(', 'M)');
    let found = '';
    for (let at = 0; at < said.length; at += size) { found += output.take(Buffer.from(said.slice(at, at + size))).toString(); }
    expect({ size, found, exitCode: output.exitCode }).toEqual({ size, found: 'all M of it M', exitCode: 12 });
  }
});
