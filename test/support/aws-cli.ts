import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'fs';
import { join } from 'path';
import { TEST_HOME } from './machine-plan';
import { output, run } from '../../lib/process';

/** The release of the AWS CLI that we install where there is none. */
const VERSION = '1.45.11';

export interface AwsCli {
  readonly argv: readonly string[];
  readonly environment: { readonly [name: string]: string };
}

/** The AWS CLI of this machine's Python, else one from PyPI. */
export async function awsCli(): Promise<AwsCli> {
  const argv = ['python3', '-m', 'awscli'];
  const { exitCode } = await run(['python3', '-c', 'import awscli'], { timeoutMs: 60_000 });
  if (exitCode === 0) { return { argv, environment: {} }; }
  const folder = join(TEST_HOME, `aws-cli-${VERSION}`);
  if (!existsSync(folder)) { await install(folder); }
  return { argv, environment: { PYTHONPATH: folder } };
}

async function install(folder: string): Promise<void> {
  mkdirSync(TEST_HOME, { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    await output(['python3', '-m', 'pip', 'install', '--quiet', '--target', draft, `awscli==${VERSION}`], { timeoutMs: 300_000 });
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
