import type { ChildProcess } from 'child_process';
import { once } from 'events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'fs';
import { join } from 'path';
import { TEST_HOME } from './machine-plan';
import { killGroup, output, run, start } from '../../lib/process';

const VERSION = '5.2.1';
const REGION = 'us-east-2';
const ACCOUNT = '123456789012';

/**
 * Ends with the pipe of its input, so that it never outlives the tests, however they end. AWS's own policies, where they are asked for, are
 * read once and not again at every reset.
 */
const PROGRAM = `
import copy, os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
import moto
from moto.iam.models import IAMBackend
from moto.server import main
load, known = IAMBackend._init_aws_policies, {}
def policies(backend):
    key = (backend.account_id, backend.region_name)
    if key not in known: known[key] = load(backend)
    return [copy.copy(policy) for policy in known[key]]
IAMBackend._init_aws_policies = policies
print('Installed in ' + os.path.dirname(moto.__file__), file=sys.stderr)
main(['-H', '127.0.0.1', '-p', '0'])
`;

/** An emulated AWS on loopback, empty at its start. */
export interface Moto {
  readonly account: string;
  readonly region: string;
  /** What makes a tool of AWS use it. */
  readonly environment: { readonly [name: string]: string };
  /** Where its program lies, with the data that it ships. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Starts a moto server: that of this machine's Python where it is the release we know, else one from PyPI. */
export async function startMoto(environment: { readonly [name: string]: string } = {}): Promise<Moto> {
  const pythonPath = await modules();
  const child = start(['python3', '-c', PROGRAM], { detached: true, env: { ...process.env, ...environment, PYTHONPATH: pythonPath, PYTHONUNBUFFERED: '1' } });
  const { port, folder } = await placeOf(child).catch((error: unknown) => { killGroup(child); throw error; });
  // Where the host is a number, moto takes its first part for the name of a bucket.
  const endpoint = `http://localhost:${port}`;
  return {
    account: ACCOUNT,
    region: REGION,
    folder,
    environment: {
      AWS_ENDPOINT_URL: endpoint, AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test',
    },
    stop: async () => {
      const ended = once(child, 'exit');
      killGroup(child);
      if (child.exitCode === null && child.signalCode === null) { await ended; }
    },
  };
}

/** The port that it has chosen, as soon as it answers there, and its folder. */
function placeOf(child: ChildProcess): Promise<{ readonly port: number; readonly folder: string }> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`moto did not start within 60 s: ${said}`)), 60_000);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`moto ended: ${said}`)));
    // It goes on talking, and would stand still if nobody read.
    child.stdout!.resume();
    child.stderr!.on('data', (data) => {
      if (said.includes('Running on')) { return; }
      said += data;
      const port = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port) { clearTimeout(timer); resolve({ port: Number(port), folder: /Installed in (.+)/.exec(said)![1] }); }
    });
  });
}

/** PYTHONPATH with which moto can be imported. */
async function modules(): Promise<string> {
  const given = process.env.PYTHONPATH ?? '';
  if (await hasMoto(given)) { return given; }
  const folder = join(TEST_HOME, `moto-${VERSION}`);
  // What is there may be of another Python.
  if (existsSync(folder) && await hasMoto(folder)) { return folder; }
  mkdirSync(TEST_HOME, { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    await output(['python3', '-m', 'pip', 'install', '--quiet', '--target', draft, `moto[server]==${VERSION}`], { timeoutMs: 300_000 });
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

async function hasMoto(pythonPath: string): Promise<boolean> {
  const program = `import moto, moto.server; raise SystemExit(moto.__version__ != '${VERSION}')`;
  return (await run(['python3', '-c', program], { env: { ...process.env, PYTHONPATH: pythonPath }, timeoutMs: 60_000 })).exitCode === 0;
}
