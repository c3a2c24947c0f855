import { existsSync, readFileSync } from 'fs';
import { arch, release } from 'os';
import { dirname, join } from 'path';
import type { Finding } from '../../ports/finding';
import { EXIT_CODES } from '../exit-codes';
import { table } from '../reporting/table';
import { stateFolder } from '../state-place';
import type { AccountOptions, Surroundings } from '../surroundings';
import { VERSION } from '../version';

export interface DoctorOptions extends Pick<AccountOptions, 'region' | 'profile'> {
  readonly json?: boolean;
}

/** The oldest Node.js that works. */
const NODE = [20, 16] as const;

const MARKS: { readonly [state in Finding['state']]: string } = { yes: 'yes', no: 'NO', note: '-' };

/** Says what this computer can do, how, and what adds the rest. Ends well where there is one way to build images. */
export async function doctorCommand(options: DoctorOptions, surroundings: Surroundings): Promise<number> {
  const { environment, examineComputer, stdout, folder } = surroundings;
  const findings = [
    nodeFinding(),
    ...['aws-cdk-lib', 'aws-cdk'].map((name) => packageFinding(name, folder)),
    ...await examineComputer?.(stateFolder(environment)) ?? [],
    await accountFinding(options, surroundings),
  ];
  const command = missingCommand(findings);
  const ways = findings.filter(({ isWay, state }) => isWay && state === 'yes').map(({ name }) => name);
  if (options.json) {
    stdout.write(`${JSON.stringify({ version: VERSION, kernel: release(), ways, findings, command }, undefined, 2)}\n`);
  } else {
    stdout.write(table([
      ['', 'golden', `${VERSION} on Linux ${release()} (${arch()})`],
      ...findings.map(({ state, title, detail }) => [MARKS[state], title, detail]),
    ]));
    if (command) { stdout.write(`\nWhat is missing is added by root with:\n  ${command}\n`); }
    stdout.write(ways.length > 0 ? '\nImages can be built here.\n' : '\nNo image can be built here as it is.\n');
  }
  return ways.length > 0 ? EXIT_CODES.success : EXIT_CODES.environment;
}

/** One line for all. */
function missingCommand(findings: readonly Finding[]): string | undefined {
  const packages = [...new Set(findings.flatMap((finding) => finding.packages ?? []))].sort();
  const install = packages.length > 0 ? [`apt-get update && apt-get install --yes --no-install-recommends ${packages.join(' ')}`] : [];
  const commands = [...install, ...findings.flatMap((finding) => finding.command ?? [])];
  return commands.length > 0 ? commands.join(' && ') : undefined;
}

function nodeFinding(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  return {
    name: 'node', title: 'Node.js', state: isEnough ? 'yes' : 'no', detail: `${process.versions.node}${isEnough ? '' : `; it takes ${NODE.join('.')}`}`,
  };
}

/** The version that an app in this folder uses. */
function packageFinding(name: string, from: string): Finding {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(file)) {
      return { name, title: name, state: 'note', detail: String((JSON.parse(readFileSync(file, 'utf8')) as { version?: string }).version) };
    }
    if (folder === dirname(folder)) { return { name, title: name, state: 'note', detail: 'not installed for this folder' }; }
  }
}

async function accountFinding({ region, profile }: DoctorOptions, { callersPlace, clock }: Surroundings): Promise<Finding> {
  const found = await callersPlace?.({ region, profile, clock }) ?? {};
  const base = { name: 'ec2', title: 'builds on EC2', isWay: true } as const;
  if (found.account !== undefined) { return { ...base, state: 'yes', detail: `with credentials of the account ${found.account}, in ${found.region}` }; }
  return { ...base, state: 'no', detail: found.region === undefined ? 'no region: set AWS_REGION, or name a --profile' : `no credentials that work in ${found.region}` };
}
