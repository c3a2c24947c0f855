import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { SandboxHost } from '../../lib/hosts/sandbox/sandbox-host';
import type { DraftArtifact } from '../../lib/ports/host';
import { output, run } from '../../lib/process';
import { leftovers } from '../support/leftovers';
import { hostContext, launchRequest, machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

jest.setTimeout(180_000);
const outputFolder = mkdtempSync(join(tmpdir(), 'golden-sandbox-'));
const home = sandboxHome();
const host = new SandboxHost({ stateFolder: home.folder, outputFolder });
const context = hostContext();
const plan = machinePlan();
let draft: DraftArtifact;

beforeAll(async () => {
  const request = await launchRequest(host, plan, context);
  const machine = await host.launch(request, context);
  const { exitCode } = await execCommunicators.open(machine).execute('echo captured > /root/captured; rm /etc/issue; cp /bin/true /root/capable; setcap cap_net_raw+ep /root/capable; install -o 1000 -g 65534 /bin/true /root/owned');
  expect(exitCode).toBe(0);
  await machine.stop(30_000);
  draft = await host.capture(machine, request, context);
  await machine.destroy();
});
afterAll(() => {
  rmSync(outputFolder, { recursive: true, force: true });
  home.remove();
});

test('what was captured is the disk as the machine left it, and nothing of the sandbox', async () => {
  const names = (await output(['tar', '-tf', join(draft.id, 'root.tar')])).split('\n');
  expect(names).toContain('./root/captured');
  expect(names).not.toContain('./etc/issue');
  expect(names.filter((name) => /golden|host_key|^\.\/run\/./.test(name))).toEqual([]);
});

test('owners and capabilities in it are as on any system, whatever users the machine had on this host', async () => {
  const tar = join(draft.id, 'root.tar');
  const owners = (await output(['tar', '--numeric-owner', '-tvf', tar, './root/owned', './root/captured', './root/capable'])).split('\n');
  expect(owners.map((line) => line.split(/\s+/)[1]).filter(Boolean).sort()).toEqual(['0/0', '0/0', '1000/65534']);
  // Revision 2: one of revision 3 would hold only in user namespaces with the same root.
  const revision = (number: string) => run(['grep', '-qaP', `SCHILY\\.xattr\\.security\\.capability=\\x01\\x00\\x00\\x0${number}`, tar], { env: { LC_ALL: 'C', PATH: process.env.PATH } });
  expect((await revision('2')).exitCode).toBe(0);
  expect((await revision('3')).exitCode).toBe(1);
});

test('a draft boots, and the machine that proves it leaves nothing', async () => {
  const qcow2 = draft.files.find(({ name }) => name === 'disk.qcow2')!;
  const machine = await host.boot(draft, { plan, requirements: {} }, context);
  const stream = await machine.access.dial!(22, { timeoutMs: 120_000 });
  const banner = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
  expect(banner.toString()).toMatch(/^SSH-2\.0-OpenSSH/);
  stream.destroy();
  await machine.destroy();
  expect(leftovers(home.folder, join(outputFolder, 'nothing'))).toEqual([]);
  expect((await output(['sha256sum', join(draft.id, 'disk.qcow2')])).split(' ')[0]).toBe(qcow2.sha256);
});

test('another image starts from the published one', async () => {
  const source = { type: 'image' as const, image: plan.image, definitionHash: plan.definitionHash, user: 'admin', ssmAgent: false };
  const second = machinePlan([], { source });
  await expect(host.resolve(second)).rejects.toMatchObject({ code: 'image-not-built' });
  await host.publish(draft, {});

  const machine = await host.launch(await launchRequest(host, second, context), context);
  const { stdout } = await execCommunicators.open(machine).execute('cat /root/captured; getcap /root/capable; systemctl is-system-running');
  await machine.destroy();
  expect(stdout.toString()).toBe('captured\n/root/capable cap_net_raw=ep\nrunning\n');
});
