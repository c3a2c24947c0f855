import type { ChildProcess } from 'child_process';
import { once } from 'events';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'fs';
import { join } from 'path';
import { TEST_HOME } from './machine-plan';
import { killGroup, output, start } from '../../lib/process';

const VERSION = '5.2.1';
const REGION = 'us-east-2';
const ACCOUNT = '123456789012';

const PROGRAM = join(__dirname, 'moto-server.py');

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
  const given = process.env.PYTHONPATH ?? '';
  const own = join(TEST_HOME, `moto-${VERSION}`);
  // What is there may be of another Python.
  const { child, port, folder } = await serve(given, environment).catch(() => serve(own, environment)).catch(async () => {
    await install(own);
    return serve(own, environment);
  });
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

interface Served {
  readonly child: ChildProcess;
  readonly port: number;
  readonly folder: string;
}

async function serve(pythonPath: string, environment: { readonly [name: string]: string }): Promise<Served> {
  const child = start(['python3', PROGRAM, VERSION], { detached: true, env: { ...process.env, ...environment, PYTHONPATH: pythonPath, PYTHONUNBUFFERED: '1' } });
  try {
    return { child, ...await placeOf(child) };
  } catch (error) {
    killGroup(child);
    throw error;
  }
}

/** The port that it has chosen, as soon as it answers there, and its folder. */
function placeOf(child: ChildProcess): Promise<{ readonly port: number; readonly folder: string }> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`moto did not start within 120 s: ${said}`)), 120_000);
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

async function install(folder: string): Promise<void> {
  mkdirSync(TEST_HOME, { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    await output(['python3', '-m', 'pip', 'install', '--quiet', '--target', draft, `moto[server]==${VERSION}`], { timeoutMs: 300_000 });
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
