import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'fs';
import { join } from 'path';
import { TEST_HOME } from './machine-plan';
import { output, run } from '../../lib/process';

const VERSION = '1.58.0';

const PROGRAM = 'import sys; from cfnlint.runner import main; sys.exit(main())';

/** What the CDK itself writes, and not we: dependencies that follow from references, the runtime of its own functions, and zones that it looked up. */
const OF_THE_CDK = ['W3005', 'W2531', 'W3010'];

/** What cfn-lint says against templates, one line for each finding; errors and warnings. */
export async function lintTemplates(files: readonly string[]): Promise<string[]> {
  const environment = { ...process.env, PYTHONPATH: await modules() };
  const argv = ['python3', '-c', PROGRAM, '--format', 'parseable', '--ignore-checks', ...OF_THE_CDK, '--', ...files];
  const { exitCode, ...said } = await run(argv, { env: environment, timeoutMs: 300_000 });
  const [findings, errors] = [said.stdout.toString(), said.stderr.toString()];
  // Its exit codes are a sum of what was found; where nothing could be looked at, it says so elsewhere.
  if (exitCode !== 0 && findings.trim() === '') { throw new Error(`cfn-lint failed: ${errors}`); }
  return findings.split('\n').filter((line) => line.trim() !== '');
}

/** PYTHONPATH with which the release that we know can be imported; from PyPI where it is not there yet. */
async function modules(): Promise<string> {
  const folder = join(TEST_HOME, `cfn-lint-${VERSION}`);
  if (existsSync(folder)) { return folder; }
  mkdirSync(TEST_HOME, { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    await output(['python3', '-m', 'pip', 'install', '--quiet', '--target', draft, `cfn-lint==${VERSION}`], { timeoutMs: 300_000 });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
