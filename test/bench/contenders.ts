import { spawn } from 'child_process';
import { mkdirSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { packerProvisioners, type Step } from './workloads';
import { golden } from '../support/golden';

/** Seconds of one build. */
export interface Timing {
  readonly wall: number;
  /** From the first step on the machine to the last. */
  readonly provision: number;
  /** Seconds of each phase, where they are known. */
  readonly phases: { readonly [name: string]: number };
}

export interface Contender {
  readonly name: string;
  build(): Promise<Timing>;
}

type Environment = { readonly [name: string]: string | undefined };

/** What a shell may have set, and a new machine has not: Node.js reads further certificates at every start, and nobody needs them here. */
const PLAIN: Environment = { NODE_EXTRA_CA_CERTS: undefined, NODE_OPTIONS: undefined };

/** What builds leave behind that makes later ones quicker. What is kept of the program itself stays, as for a user. */
const RECORDS = ['builds', 'history', 'layers', 'locks'];

/** This project: a build of an app that was synthesised before, with a state folder of its own. */
export async function goldenContender(folder: string, steps: readonly Step[], environment: () => Environment): Promise<Contender> {
  mkdirSync(folder, { recursive: true });
  const home = join(folder, 'home');
  // The machines see this computer at loopback, which no service on the internet says.
  const env = () => ({ ...PLAIN, ...environment(), GOLDEN_HOME: home, GOLDEN_CALLER_ADDRESS: '127.0.0.1', BENCH_STEPS: JSON.stringify(steps) });
  const synthesised = await golden(['synth', '--app', `tsx ${join(__dirname, 'app.ts')}`], { cwd: folder, env: env() });
  if (synthesised.exitCode !== 0) { throw new Error(`golden synth: ${synthesised.stderr}`); }
  return {
    name: 'golden',
    build: async () => {
      for (const left of [...RECORDS.map((name) => join(home, name)), join(folder, 'golden.out')]) { rmSync(left, { recursive: true, force: true }); }
      const begun = performance.now();
      const run = await golden(['build', '--host', 'ec2', '--app', 'cdk.out', '--json'], { cwd: folder, env: env() });
      const wall = (performance.now() - begun) / 1000;
      if (run.exitCode !== 0) { throw new Error(`golden build: ${run.stderr}${run.stdout.slice(-3000)}`); }
      const phases: Record<string, number> = {};
      for (const event of run.events) { if (event.type === 'phase.finished') { phases[event.phase] = event.seconds; } }
      return { wall, provision: phases.provision, phases };
    },
  };
}

/** Packer, with the same source, steps, machine type and region. */
export function packerContender(folder: string, steps: readonly Step[], environment: () => Environment, tuning: Environment = {}): Contender {
  mkdirSync(folder, { recursive: true });
  return {
    name: 'packer',
    build: async () => {
      const env = { ...environment(), ...tuning };
      writeFileSync(join(folder, 'bench.pkr.hcl'), template(env, steps));
      const begun = performance.now();
      const stamps: { readonly at: number; readonly line: string }[] = [];
      const { exitCode, output } = await packer(folder, env, (line) => stamps.push({ at: (performance.now() - begun) / 1000, line }));
      const wall = (performance.now() - begun) / 1000;
      if (exitCode !== 0) { throw new Error(`packer build: ${output.slice(-3000)}`); }
      const at = (text: string) => stamps.find(({ line }) => line.includes(text))?.at ?? Number.NaN;
      const connected = at('Connected to SSH!');
      const stopping = at('Stopping the source instance');
      return { wall, provision: stopping - connected, phases: { connect: connected - at('Waiting for SSH'), provision: stopping - connected } };
    },
  };
}

function packer(
  cwd: string, environment: Environment, onLine: (line: string) => void,
): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const child = spawn('packer', ['build', '-color=false', 'bench.pkr.hcl'], {
    cwd, env: { ...process.env, ...PLAIN, ...environment, CHECKPOINT_DISABLE: '1', HOME: cwd }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      output += data.toString();
      data.toString().split('\n').forEach(onLine);
    });
  }
  return new Promise((resolve, reject) => child.once('error', reject).once('close', (exitCode) => resolve({ exitCode, output })));
}

/** HCL2 as 1.6 knows it: without `required_plugins`. */
function template(env: Environment, steps: readonly Step[]): string {
  return `source "amazon-ebs" "bench" {
  region                      = "us-east-2"
  access_key                  = "${env.AWS_ACCESS_KEY_ID}"
  secret_key                  = "${env.AWS_SECRET_ACCESS_KEY}"
  custom_endpoint_ec2         = "${env.AWS_ENDPOINT_URL}"
  skip_region_validation      = true
  skip_credential_validation  = true
  skip_metadata_api_check     = true
  ami_name                    = "bench"
  instance_type               = "t3.micro"
  availability_zone           = "us-east-2a"
  ssh_username                = "admin"
  source_ami_filter {
    filters     = { name = "debian-12-amd64-*", root-device-type = "ebs", virtualization-type = "hvm" }
    most_recent = true
    owners      = ["136693071363"]
  }
}
build {
  sources = ["source.amazon-ebs.bench"]
${packerProvisioners(steps)}
}
`;
}
