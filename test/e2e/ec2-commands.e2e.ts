import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { Provisioner } from '../../lib';
import type { GoldenRun } from '../support/golden';
import { enforce } from '../support/iam/enforce';
import { endOf, scenario, type Scenario } from '../support/scenario';
import { scenarioCloud, type ScenarioCloud } from '../support/scenario-cloud';
import { GoldenTerminal } from '../support/terminal';

jest.setTimeout(120_000);

const KINDS = ['ssm', 'ssh'] as const;
type Kind = (typeof KINDS)[number];

/** A build that waits for somebody, and then fails. */
interface Waiting {
  readonly scenario: Scenario;
  readonly built: Promise<GoldenRun>;
}

const work = mkdtempSync(join(tmpdir(), 'golden-ec2-commands-'));
let cloud: ScenarioCloud;
let waiting: { readonly [kind in Kind]: Waiting };
const terminals: GoldenTerminal[] = [];

beforeAll(async () => {
  cloud = await scenarioCloud('light');
  const begin = async (kind: Kind): Promise<Waiting> => {
    const inline = ['echo one >/srv/words; echo ready; until [ -e /srv/go ]; do sleep 0.2; done; exit 3'];
    const here = scenario(cloud, kind, { provisioners: [Provisioner.shell({ inline })] });
    let built: Promise<GoldenRun> | undefined;
    await new Promise<void>((resolve, reject) => {
      built = here.build(['--on-error', 'abort'], { onEvent: ({ type }) => { if (type === 'instruction.output') { resolve(); } } });
      built.then(({ stdout, stderr }) => reject(new Error(`It ended at once:\n${stdout}\n${stderr}`)), reject);
    });
    return { scenario: here, built: built! };
  };
  const [ssm, ssh] = await Promise.all(KINDS.map(begin));
  waiting = { ssm, ssh };
  // What is done from here on, the printed policies allow.
  const app = join(ssm.scenario.folder, 'cdk.out');
  const documents = JSON.parse((await ssm.scenario.command(['iam', '--app', app])).stdout) as { readonly [name: string]: { readonly Statement: readonly object[] } };
  enforce(cloud.emulated!.cloud, { Version: '2012-10-17', Statement: [...documents['build role'].Statement, ...documents.shell.Statement] });
});
afterAll(async () => {
  terminals.forEach((terminal) => terminal.end());
  await cloud?.stop();
  KINDS.forEach((kind) => waiting?.[kind].scenario.remove());
  rmSync(work, { recursive: true, force: true });
});

const nameOf = ({ scenario: { image } }: Waiting) => image.node.path;

async function entered(one: Waiting, expected: string): Promise<void> {
  const terminal = new GoldenTerminal(['shell', nameOf(one)], { cwd: work, env: one.scenario.environment });
  terminals.push(terminal);
  await terminal.until(expected);
  await terminal.until(/[#$] /);
  terminal.type('stty size; id -u; cat /srv/words\r');
  await terminal.until('30 100\r\n0\r\none\r\n');
  terminal.type('sleep 100\r');
  await terminal.until('sleep 100');
  await new Promise((resolve) => setTimeout(resolve, 300));
  terminal.type('\x03');
  terminal.type('echo after $((40 + 2)); exit 4\r');
  await terminal.until('after 42');
  await expect(terminal.exitCode).resolves.toBe(4);
}

describe.each(KINDS)('a build over %s', (kind) => {
  let one: Waiting;
  const command = (args: readonly string[], input?: string) => one.scenario.command(args, { cwd: work, input });
  beforeAll(() => { one = waiting[kind]; });

  test('that runs takes commands, files and a terminal', async () => {
    const name = nameOf(one);
    expect(await command(['exec', name, '--', 'true'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('With --no-publish') });
    expect(await command(['cp', `${name}:/srv/words`, `${kind}-words`])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(join(work, `${kind}-words`), 'utf8')).toBe('one\n');
    writeFileSync(join(work, 'page'), 'hello');
    expect(await command(['cp', '--no-publish', 'page', `${name}:/srv/`])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await command(['exec', name, '--', 'sh', '-c', 'cat; cat /srv/page; echo err >&2; exit 9'], 'in\n')).toMatchObject({ exitCode: 9, stdout: 'in\nhello', stderr: 'err\n' });
    await entered(one, 'On the machine of the build');
  });

  test('that failed and left its machine says how to get onto it', async () => {
    await command(['exec', nameOf(one), '--', 'touch', '/srv/go']);
    const run = await one.built;
    expect(endOf(run)).toMatchObject({ status: 'failed', error: { code: 'instruction-failed' } });
    expect(run.events.filter(({ type }) => type === 'notice').map(({ message }) => String(message)).join('\n')).toMatch(/golden exec [0-9a-f]{16} -- COMMAND/);
  });
});

test('a machine that was left by a build over SSM takes commands, files and a terminal; one by a build over SSH says that only Systems Manager could reach it', async () => {
  const refused = waiting.ssh.scenario.command(['exec', nameOf(waiting.ssh), '--', 'true']);
  const one = waiting.ssm;
  const name = nameOf(one);
  expect(await one.scenario.command(['exec', name, '--', 'cat', '/srv/page'])).toMatchObject({ exitCode: 0, stdout: 'hello', stderr: '' });
  expect(await one.scenario.command(['cp', `${name}:/srv/words`, 'left-words'], { cwd: work })).toMatchObject({ exitCode: 0, stderr: '' });
  await entered(one, 'left');
  expect(await refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('only Systems Manager could reach it') });
});
